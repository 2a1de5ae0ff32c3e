#include "lab/experiment/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/fingerprint.h"
#include "base/try.h"
#include "io/mapped_file.h"
#include "io/write_whole.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

Result<Facts> serving_facts(const TrialsRequest& request, const TrialsObserver& observer) {
  MOBIEDIT_TRY(auto facts, read_selected({request.data}, request.reading, observer.warn));
  const Experiment& experiment = request.experiment;
  if (!experiment.serves) return facts;
  const std::size_t all = facts.records.size();
  std::erase_if(facts.records, [&](const FactRecord& fact) { return !experiment.serves(fact); });
  if (facts.records.empty())
    return fail(ErrorCode::usage, "none of its records is of use to this experiment", request.data,
                "`experiment " + experiment.name + "`: " + experiment.about);
  if (facts.records.size() < all) observer.note(fmt::format("{} of {} records serve", facts.records.size(), all));
  return facts;
}

/// The first Experiment::others well-formed records of the data.
Result<std::vector<FactRecord>> other_records(const TrialsRequest& request) {
  if (request.experiment.others == 0) return std::vector<FactRecord>();
  std::vector<Error> malformed;
  return read_facts(request.data, request.experiment.others, &malformed);
}

Result<ResultsHeader> header_of(const TrialsRequest& request, const Facts& facts, const Model& model,
                                const PreparedEditor& prepared) {
  MOBIEDIT_TRY(const auto data, io::MappedFile::open(request.data));
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(); };
  ResultsHeader header{request.experiment.name,
                       {{"model", model.fingerprint()},
                        {"data", fingerprint(data.bytes())},
                        {"layer", prepared.editor.layer()},
                        {"clamp", optional(request.search.clamp)},
                        {"max_evaluations", optional(request.max_evaluations)},
                        {"seed", request.search.seed},
                        {"activations", request.activation_bits},
                        {"statistics", prepared.statistics}},
                       {{"model", request.model}, {"data", request.data}}};
  if (request.reading.known) {
    header.settings["known"] = true;
    header.about["unknown"] = facts.unknown;
  }
  return header;
}

struct Prepared {
  std::vector<TrialSetting> settings;
  ResultsFile file;
};

/// The editor that reads the settings and checks the records is destroyed before the runs open theirs, to save memory.
Result<Prepared> prepare(const TrialsRequest& request, const Facts& facts, const Model& model, const Opener& opener) {
  EditOptions base = request.search;
  base.confidence_threshold = 0;  // gives all settings equal contexts
  base.max_evaluations = request.max_evaluations.value_or(0);
  MOBIEDIT_TRY(auto prepared, opener.editor(model, with_method(base, "subspace")));
  const Editor& editor = prepared.editor;
  for (const FactRecord& fact : facts.records) MOBIEDIT_CHECK(check_record(editor, fact));
  MOBIEDIT_TRY(auto settings,
               chosen_settings(request.experiment.settings(base, editor.layer(), model.config().layers), request.only));
  MOBIEDIT_TRY(auto header, header_of(request, facts, model, prepared));
  MOBIEDIT_TRY(auto file, ResultsFile::open(results_path(request.results, request.experiment.name), std::move(header)));
  return Prepared{std::move(settings), std::move(file)};
}

}  // namespace

Result<Report> run_trials(const TrialsRequest& request, const Opener& opener, const TrialsObserver& observer,
                          const CancelToken& cancel) {
  MOBIEDIT_TRY(auto facts, serving_facts(request, observer));
  MOBIEDIT_TRY(const auto others, other_records(request));
  MOBIEDIT_TRY(const auto model, opener.model(Precision::automatic, {}));
  MOBIEDIT_CHECK(leave_out_unknown(facts, request.reading, request.data, model, opener.session, cancel));
  MOBIEDIT_TRY(auto prepared, prepare(request, facts, model, opener));
  const auto done = run_units({request.experiment, prepared.settings, facts.records, others, request.shard}, model,
                              opener, prepared.file, observer, cancel);
  const Results& results = prepared.file.results();
  if (!done) {
    if (done.error().code == ErrorCode::cancelled && !request.results.empty())
      observer.note(fmt::format("{} results are in {}; the same command goes on from there", results.units.size(),
                                results_path(request.results, request.experiment.name).string()));
    return std::unexpected(done.error());
  }
  return report_of(results, request.experiment.presentation);
}

Result<Report> merge_parts(const std::vector<std::string>& paths, const std::string& out) {
  std::vector<Results> parts;
  for (const std::string& path : paths) {
    MOBIEDIT_TRY(auto part, read_results(path));
    parts.push_back(std::move(part));
  }
  Results merged;
  MOBIEDIT_TRY(const auto text, merged_results(parts, paths, merged));
  const auto experiments = all_experiments();
  const auto found = std::ranges::find(experiments, merged.header.experiment, &Experiment::name);
  if (found == experiments.end())
    return fail(ErrorCode::usage, "there is no experiment '" + merged.header.experiment + "'", paths.front(),
                "was it made by another version?");
  MOBIEDIT_CHECK(io::write_whole(out, std::as_bytes(std::span(text))));
  return report_of(merged, found->presentation);
}

}  // namespace mobiedit
