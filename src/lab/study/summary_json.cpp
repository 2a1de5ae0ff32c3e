#include "lab/study/summary_json.h"

#include <optional>
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
  const Metrics& metrics = summary.metrics;
  return {{"n", summary.n},
          {"metrics",
           {{"ES", number_or_null(metrics.efficacy)},
            {"PS", number_or_null(metrics.generalisation)},
            {"NS", number_or_null(metrics.specificity)},
            {"S", number_or_null(metrics.score)},
            {"exact", number_or_null(metrics.exact)},
            {"paraphrase_exact", number_or_null(metrics.paraphrase_exact)},
            {"rewrite_accuracy", number_or_null(metrics.rewrite_accuracy)},
            {"rephrase_accuracy", number_or_null(metrics.paraphrase_accuracy)},
            {"portability", number_or_null(metrics.portability)},
            {"locality", number_or_null(metrics.locality)},
            {"fluency", number_or_null(metrics.fluency)},
            {"fluency_before", number_or_null(metrics.fluency_before)}}},
          {"magnitudes",
           {{"EM", number_or_null(metrics.efficacy_magnitude)},
            {"PM", number_or_null(metrics.generalisation_magnitude)},
            {"NM", number_or_null(metrics.specificity_magnitude)}}},
          {"uncertainty",
           {{"ES", number_or_null(summary.uncertainty.efficacy)},
            {"PS", number_or_null(summary.uncertainty.generalisation)},
            {"NS", number_or_null(summary.uncertainty.specificity)},
            {"exact", number_or_null(summary.uncertainty.exact)},
            {"paraphrase_exact", number_or_null(summary.uncertainty.paraphrase_exact)}}},
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

}  // namespace mobiedit
