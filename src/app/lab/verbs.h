// The verbs of `mobiedit-lab`. Each adds its subcommand; parsing it sets `run`.
#pragma once

#include "app/common/program.h"

namespace mobiedit::cli {

void add_eval(CLI::App& app, Run& run);
void add_experiment(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);

}  // namespace mobiedit::cli
