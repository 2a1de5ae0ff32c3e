// mobiedit-lab experiment: methods measured on many edits.
#include "app/common/verb.h"
#include "app/lab/print_report.h"
#include "app/lab/verbs.h"
#include "lab/experiment/trials.h"

namespace mobiedit::cli {
namespace {

struct MergeVerb {
  std::string out;
  std::vector<std::string> parts;
  bool json = false;
};

Result<int> merge(const MergeVerb& verb) {
  MOBIEDIT_TRY(const auto report, merge_parts(verb.parts, verb.out));
  return print_report(report, verb.json);
}

void add_merge(CLI::App& verb, Run& run) {
  const auto [sub, options] =
      add_verb(verb, run, "merge", "Join result files of one experiment, and report them", merge);
  sub->add_option("out", options->out, "File for all results")->required();
  sub->add_option("parts", options->parts, "Result files of the parts: their --out")->required();
  sub->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace

void add_experiment(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("experiment", "Run an experiment on many edits and report it");
  verb->require_subcommand(1);
  for (Experiment& experiment : all_experiments()) add_trials(*verb, run, std::move(experiment));
  add_sequence(*verb, run);
  add_merge(*verb, run);
}

}  // namespace mobiedit::cli
