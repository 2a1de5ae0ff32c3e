// mobiedit-lab experiment merge: joins the parts of an experiment.
#include <algorithm>
#include <span>

#include "app/common/verb.h"
#include "app/lab/experiment.h"
#include "io/write_whole.h"
#include "lab/experiment/report.h"
#include "lab/experiment/results_file.h"

namespace mobiedit::cli {
namespace {

struct MergeVerb {
  std::string out;
  std::vector<std::string> parts;
  bool json = false;
};

Result<int> merge(const MergeVerb& verb) {
  std::vector<Results> parts;
  for (const std::string& path : verb.parts) {
    MOBIEDIT_TRY(auto part, read_results(path));
    parts.push_back(std::move(part));
  }
  Results merged;
  MOBIEDIT_TRY(const auto text, merged_results(parts, verb.parts, merged));
  const auto experiments = all_experiments();
  const auto found = std::ranges::find(experiments, merged.header.experiment, &Experiment::name);
  if (found == experiments.end())
    return fail(ErrorCode::usage, "there is no experiment '" + merged.header.experiment + "'", verb.parts.front(),
                "was it made by another version?");
  MOBIEDIT_CHECK(io::write_whole(verb.out, std::as_bytes(std::span(text))));
  const Report report = report_of(merged, found->presentation);
  return finished(verb.json ? print_json(report.document) : print_result(report.table));
}

}  // namespace

void add_merge(CLI::App& verb, Run& run) {
  const auto [sub, options] =
      add_verb(verb, run, "merge", "Join result files of one experiment, and report them", merge);
  sub->add_option("out", options->out, "File for all results")->required();
  sub->add_option("parts", options->parts, "Result files of the parts: their --out")->required();
  sub->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace mobiedit::cli
