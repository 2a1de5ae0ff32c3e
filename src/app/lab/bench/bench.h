// The sub-verbs of `mobiedit-lab bench`.
#pragma once

#include "app/lab/verbs.h"

namespace mobiedit::cli {

void add_bench_kernels(CLI::App& bench, Run& run);
void add_bench_edit(CLI::App& bench, Run& run);
void add_bench_model(CLI::App& bench, Run& run);

}  // namespace mobiedit::cli
