// The verbs of `mobiedit-lab bench`, and the options that they share.
#pragma once

#include "app/lab/verbs.h"
#include "lab/bench/made_model.h"
#include "lab/bench/observer.h"

namespace mobiedit::cli {

void add_bench_kernels(CLI::App& bench, Run& run);
void add_bench_edit(CLI::App& bench, Run& run);
void add_bench_model(CLI::App& bench, Run& run);

/// --threads, --json.
void add_bench_options(CLI::App& verb, int& threads, bool& json);
/// --type, --folder, --seed, --keep.
void add_made_model_options(CLI::App& verb, MadeModelOptions& options);
/// Errors: usage, if a model is to be written and --folder was not given.
[[nodiscard]] Status check_folder(bool writes, const MadeModelOptions& options);

/// Reports on stderr, and removes guarded files when a signal ends the process.
[[nodiscard]] BenchObserver bench_observer();

}  // namespace mobiedit::cli
