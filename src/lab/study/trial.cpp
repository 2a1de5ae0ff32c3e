#include "lab/study/trial.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "eval/spread.h"
#include "lab/study/fact_edits.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

MeasureSummary summary_of(const std::string& name, std::vector<double> values) {
  MeasureSummary summary{name, static_cast<int>(values.size()), 0, {}, {}};
  double sum = 0, square = 0;
  for (const double value : values) sum += value;
  const auto n = static_cast<double>(values.size());
  summary.mean = sum / n;
  for (const double value : values) square += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.half_interval = 1.96 * std::sqrt(square / (n - 1) / n);
  summary.spread = spread(std::move(values));
  return summary;
}

void add_score(SettingSummary& summary) {
  const auto* efficacy = summary.find("ES");
  const auto* generalisation = summary.find("PS");
  const auto* specificity = summary.find("NS");
  if (!efficacy || !generalisation || !specificity) return;
  const double score = *harmonic_mean({efficacy->mean, generalisation->mean, specificity->mean});
  const int n = std::min({efficacy->n, generalisation->n, specificity->n});
  summary.measures.push_back({"S", n, score, {}, {score, score}});
}

}  // namespace

const MeasureSummary* SettingSummary::find(std::string_view name) const {
  const auto found = std::ranges::find(measures, name, &MeasureSummary::name);
  return found == measures.end() ? nullptr : &*found;
}

std::vector<SettingSummary> summarise(std::span<const Trial> trials) {
  struct Values {
    std::string name;
    std::vector<double> values;
  };
  std::vector<SettingSummary> summaries;
  std::vector<std::vector<Values>> values;
  for (const Trial& trial : trials) {
    auto at = std::ranges::find(summaries, trial.setting, &SettingSummary::setting);
    const auto index = static_cast<std::size_t>(at - summaries.begin());
    if (at == summaries.end()) {
      summaries.push_back({trial.setting, trial.panel, trial.line, trial.x, {}});
      values.emplace_back();
    }
    for (const Measure& measure : trial.measures) {
      if (!std::isfinite(measure.value)) continue;
      auto named = std::ranges::find(values[index], measure.name, &Values::name);
      if (named == values[index].end()) named = values[index].insert(named, {measure.name, {}});
      named->values.push_back(measure.value);
    }
  }
  for (std::size_t i = 0; i < summaries.size(); ++i) {
    for (Values& named : values[i]) summaries[i].measures.push_back(summary_of(named.name, std::move(named.values)));
    add_score(summaries[i]);
  }
  return summaries;
}

Result<MeasuredEdit> edit_and_measure(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                      const FactRecord& fact, const EditProgressFn& progress,
                                      const CancelToken& cancel) {
  if (auto set = session.set_in_force({}); !set) return std::unexpected(set.error());
  const auto before = measure_fact(session, tokenizer, fact, cancel);
  if (!before) return std::unexpected(at(fact, before.error()));
  auto edit = editor.edit(request_of(fact), progress, cancel);
  if (!edit) return std::unexpected(at(fact, edit.error()));
  if (auto set = session.set_in_force(changes_of(edit->update)); !set) return std::unexpected(set.error());
  auto outcome = measure_fact(session, tokenizer, fact, cancel);
  if (!outcome) return std::unexpected(at(fact, outcome.error()));
  compare_neighbours(*before, *outcome);
  outcome->fluency_before = before->fluency;
  outcome->success = edit->evidence.success;
  add_cost(edit->evidence, *outcome);
  return MeasuredEdit{std::move(*edit), std::move(*outcome)};
}

std::vector<Measure> measures_of(const MeasuredEdit& edit) {
  const FactOutcome& outcome = edit.outcome;
  const EditEvidence& evidence = edit.edit.evidence;
  const Summary of_one = summarise({&outcome, 1});
  std::vector<Measure> measures{{"success", outcome.success ? 100.0 : 0.0}};
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) measures.push_back({name, *value});
  };
  add("ES", of_one.metrics.efficacy);
  add("PS", of_one.metrics.generalisation);
  add("NS", of_one.metrics.specificity);
  add("exact", of_one.metrics.exact);
  add("paraphrase exact", of_one.metrics.paraphrase_exact);
  add("portability", of_one.metrics.portability);
  add("locality", of_one.metrics.locality);
  add("evaluations", outcome.evaluations);
  add("seconds", outcome.seconds);
  add("integer MAC", outcome.integer_work);
  add("float MAC", outcome.float_work);
  add("tokens", evidence.tokens);
  add("length", evidence.delta_norm_ratio);
  add("probability before", evidence.target_probability_before);
  return measures;
}

}  // namespace mobiedit
