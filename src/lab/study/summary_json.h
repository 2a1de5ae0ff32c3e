// JSON of a summary over facts.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"

namespace mobiedit {

/// n, metrics, magnitudes, uncertainty, evaluations, seconds, multiply_accumulates, success_rate; null where the data
/// has nothing to measure.
[[nodiscard]] nlohmann::ordered_json summary_json(const Summary& summary);

/// A list, an entry for each fact, with the log-probabilities behind the figures.
[[nodiscard]] nlohmann::ordered_json outcomes_json(std::span<const FactRecord> facts,
                                                   std::span<const FactOutcome> outcomes);

}  // namespace mobiedit
