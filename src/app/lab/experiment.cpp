// mobiedit-lab experiment: methods measured on many edits.
#include "app/lab/experiment.h"

#include "app/common/verb.h"

namespace mobiedit::cli {

void add_experiment(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("experiment", "Run an experiment on many edits and report it");
  verb->require_subcommand(1);
  for (Experiment& experiment : all_experiments()) add_trials(*verb, run, std::move(experiment));
  add_sequence(*verb, run);
  add_merge(*verb, run);
}

}  // namespace mobiedit::cli
