#include "lab/study/summary_json.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json spread_json(const Spread& spread) {
  return {{"median", spread.median}, {"p90", spread.p90}};
}

Json fact_json(const FactRecord& fact, const FactOutcome& outcome) {
  const auto pairs = [](const std::vector<AnswerPair>& list) {
    Json json = Json::array();
    for (const AnswerPair& pair : list) json.push_back({pair.target_new, pair.target_true});
    return json;
  };
  return {
      {"subject", fact.subject},
      {"prompt", fact.prompt},
      {"target_new", fact.target_new},
      {"success", outcome.success},
      {"exact", outcome.exact},
      {"evaluations", outcome.evaluations},
      {"seconds", outcome.seconds},
      {"rewrite", outcome.rewrite ? Json{outcome.rewrite->target_new, outcome.rewrite->target_true} : Json(nullptr)},
      {"paraphrases", pairs(outcome.paraphrases)},
      {"paraphrase_exact", outcome.paraphrase_exact},
      {"neighbours", pairs(outcome.neighbours)}};
}

}  // namespace

Json summary_json(const Summary& summary) {
  Json metrics = Json::object(), magnitudes = Json::object(), uncertainty = Json::object();
  for (const MetricValue& value : summary.values) {
    if (value.metric->group == MetricGroup::battery) continue;
    const std::string name(value.metric->name);
    (value.metric->group == MetricGroup::magnitudes ? magnitudes : metrics)[name] = number_or_null(value.percent);
    if (value.metric->interval) uncertainty[name] = number_or_null(value.half_interval);
  }
  return {{"n", summary.n},
          {"metrics", std::move(metrics)},
          {"magnitudes", std::move(magnitudes)},
          {"uncertainty", std::move(uncertainty)},
          {"evaluations", spread_json(summary.evaluations)},
          {"seconds", spread_json(summary.seconds)},
          {"multiply_accumulates",
           {{"integer", spread_json(summary.integer_work)}, {"float", spread_json(summary.float_work)}}},
          {"success_rate", summary.success_rate}};
}

Json outcomes_json(std::span<const FactRecord> facts, std::span<const FactOutcome> outcomes) {
  Json list = Json::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) list.push_back(fact_json(facts[i], outcomes[i]));
  return list;
}

Json sequence_json(std::span<const FactRecord> facts, const Sequence& sequence) {
  const auto measured = [](double perplexity) { return perplexity > 0 ? Json(perplexity) : Json(); };
  Json points = Json::array();
  for (const SequencePoint& point : sequence.points) {
    Json entry{{"edits", point.edits}};
    entry.update(summary_json(point.summary));
    entry["perplexity"] = measured(point.perplexity);
    entry["update_norm"] = point.update_norm;
    points.push_back(std::move(entry));
  }
  return {{"perplexity_before", measured(sequence.perplexity_before)},
          {"points", std::move(points)},
          {"facts", outcomes_json(facts, sequence.outcomes)}};
}

}  // namespace mobiedit
