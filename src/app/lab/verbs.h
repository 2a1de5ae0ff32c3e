// The verbs of `mobiedit-lab`. Each adds its subcommand; parsing it sets `run`.
#pragma once

#include "app/common/program.h"
#include "lab/experiment/experiment.h"

namespace mobiedit::cli {

void add_eval(CLI::App& app, Run& run);
void add_experiment(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);

/// Subcommands of `experiment`: one experiment, and edits one after another.
void add_trials(CLI::App& verb, Run& run, Experiment experiment);
void add_sequence(CLI::App& verb, Run& run);

}  // namespace mobiedit::cli
