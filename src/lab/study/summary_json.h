// JSON of a summary over facts.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "lab/study/sequence.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"

namespace mobiedit {

/// Fields n, metrics, magnitudes, uncertainty, evaluations, seconds, multiply_accumulates, success_rate. A figure is
/// null where the data has nothing to measure. Leaves out the battery's metrics.
[[nodiscard]] nlohmann::ordered_json summary_json(const Summary& summary);

/// A list with one entry per fact: the log-probabilities behind the figures.
[[nodiscard]] nlohmann::ordered_json outcomes_json(std::span<const FactRecord> facts,
                                                   std::span<const FactOutcome> outcomes);

/// `perplexity_before`, `points` and `facts` of a sequence; null where a perplexity was not measured.
[[nodiscard]] nlohmann::ordered_json sequence_json(std::span<const FactRecord> facts, const Sequence& sequence);

}  // namespace mobiedit
