// mobiedit-lab experiment merge: parts of an experiment, put together.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <span>

#include "app/common/console.h"
#include "app/lab/experiment/experiment.h"
#include "io/write_whole.h"

namespace mobiedit::cli {
namespace {

struct MergeVerb {
  std::string out;
  std::vector<std::string> parts;
  ReportOptions report;
};

int merge(const MergeVerb& verb) {
  std::vector<Results> parts;
  for (const std::string& path : verb.parts) {
    auto part = read_results(path);
    if (!part) return failed(part.error());
    parts.push_back(std::move(*part));
  }
  Results merged;
  const auto text = merged_results(parts, verb.parts, merged);
  if (!text) return failed(text.error());
  const auto experiments = trial_experiments();
  const auto found = std::ranges::find(experiments, merged.header.experiment, &Experiment::name);
  if (found == experiments.end())
    return failed({ErrorCode::usage, "there is no experiment '" + merged.header.experiment + "'", verb.parts.front(),
                   "was it made by another version?"});
  if (auto written = io::write_whole(verb.out, std::as_bytes(std::span(*text))); !written)
    return failed(written.error());
  return finished(report_results(merged, found->presentation, verb.report));
}

}  // namespace

void add_merge(CLI::App& verb, Run& run) {
  auto options = std::make_shared<MergeVerb>();
  CLI::App* sub = verb.add_subcommand("merge", "Put result files of one experiment together, and report them");
  sub->add_option("out", options->out, "The file with all results")->required();
  sub->add_option("parts", options->parts, "What `--out` of each part gave")->required();
  sub->add_flag("--json", options->report.json, "Print one JSON document");
  add_report_options(*sub, options->report);
  sub->callback([options, &run] { run = [options] { return merge(*options); }; });
}

}  // namespace mobiedit::cli
