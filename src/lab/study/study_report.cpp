#include "lab/study/study_report.h"

#include <fmt/format.h>

#include "io/peak_memory.h"
#include "lab/study/summary_json.h"
#include "lab/study/summary_text.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

Json unknown_json(const StudySubject& subject, const Facts& facts) {
  return subject.selection.known ? Json(facts.unknown) : Json();
}

}  // namespace

Report eval_report(const StudySubject& subject, const Facts& facts, std::span<const FactOutcome> outcomes) {
  const Summary summary = summarise(outcomes);
  Json document{{"schema", "mobiedit.eval/1"},  {"model", subject.model},
                {"data", subject.data.front()}, {"method", subject.method},
                {"layer", subject.layer},       {"blocks", subject.layers},
                {"skipped", facts.skipped},     {"unknown", unknown_json(subject, facts)}};
  document.update(summary_json(summary));
  document["peak_rss_bytes"] = io::peak_memory();
  document["facts"] = outcomes_json(facts.records, outcomes);
  std::string table = unknown_line(facts, subject.selection);
  if (facts.skipped > 0) table += fmt::format("{} malformed records left out\n", facts.skipped);
  table += fmt::format("{} facts of {}, method {}, layer {}\n", summary.n, subject.data.front(), subject.method,
                       subject.layer);
  return {std::move(document), table + summary_text(summary)};
}

Report sequence_report(const StudySubject& subject, const Facts& facts, const SequenceOptions& options,
                       const EditOptions& search, const Sequence& sequence) {
  Json document{{"schema", "mobiedit.experiment.sequence/1"},
                {"model", subject.model},
                {"data", subject.data},
                {"method", subject.method},
                {"layer", subject.layer},
                {"keep_off", options.preserve},
                {"text_metric", search.fisher_metric},
                {"blocks", subject.layers},
                {"unknown", unknown_json(subject, facts)},
                {"peak_rss_bytes", io::peak_memory()}};
  document.update(sequence_json(facts.records, sequence));
  return {std::move(document),
          unknown_line(facts, subject.selection) +
              fmt::format("method {}, layer {}; all edits so far, measured after the last of them\n", subject.method,
                          subject.layer) +
              sequence_text(sequence)};
}

}  // namespace mobiedit
