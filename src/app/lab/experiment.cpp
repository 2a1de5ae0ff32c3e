// mobiedit-lab experiment: what was measured of the methods, to be measured again.
#include "app/lab/experiment/experiment.h"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

#include "app/lab/verbs.h"

namespace mobiedit::cli {

void add_experiment(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("experiment", "Run an experiment on many edits and report it");
  verb->require_subcommand(1);
  for (Experiment& experiment : trial_experiments()) add_trials(*verb, run, std::move(experiment));
  add_sequence(*verb, run);
  add_merge(*verb, run);
}

std::vector<Experiment> trial_experiments() {
  return {compare_experiment(),   gradient_experiment(), sensitivity_experiment(), ablation_experiment(),
          precision_experiment(), hard_experiment(),     multihop_experiment(),    staleness_experiment()};
}

}  // namespace mobiedit::cli
