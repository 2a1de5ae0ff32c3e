// The verbs of `mobiedit-lab experiment`.
#pragma once

#include "app/lab/verbs.h"
#include "lab/experiment/experiment.h"

namespace mobiedit::cli {

/// The subcommand of one experiment.
void add_trials(CLI::App& verb, Run& run, Experiment experiment);
void add_sequence(CLI::App& verb, Run& run);
void add_merge(CLI::App& verb, Run& run);

}  // namespace mobiedit::cli
