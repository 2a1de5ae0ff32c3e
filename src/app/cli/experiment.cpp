// mobiedit experiment: what was measured of the methods, to be measured again.
#include "app/cli/experiment/experiment.h"

#include <CLI/CLI.hpp>

#include "app/cli/verbs.h"

namespace mobiedit::cli {

void add_experiment(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("experiment", "Run an experiment on many edits and report it");
  verb->require_subcommand(1);
  add_sequence(*verb, run);
}

}  // namespace mobiedit::cli
