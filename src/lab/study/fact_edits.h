// Records in experiments: conversion to requests, cost, and measurement.
#pragma once

#include <span>
#include <vector>

#include "lab/study/each_fact.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"

namespace mobiedit {

/// Neither paraphrases nor neighbours: those are scored afterwards, outside of the edit's own time.
[[nodiscard]] EditRequest request_of(const FactRecord& fact);

/// The error, naming the record.
[[nodiscard]] Error at(const FactRecord& fact, Error error);

/// Errors: usage, if the editor would refuse any.
[[nodiscard]] Status check_all(const Editor& editor, std::span<const FactRecord> facts);

[[nodiscard]] std::vector<LowRankDelta> deltas_of(std::span<const RankOneUpdate> updates);

void add_cost(const EditEvidence& evidence, FactOutcome& outcome);

[[nodiscard]] EditProgressFn progress_of(const ExperimentObserver& observer, std::size_t fact);

/// Each fact with whatever is in force in the session, in order; `success` means that the fact's own prompt gives its
/// target. Errors: as measure_fact.
[[nodiscard]] Result<std::vector<FactOutcome>> measure_all(Session& session, const Tokenizer& tokenizer,
                                                           std::span<const FactRecord> facts,
                                                           std::span<const EditEvidence> costs,
                                                           const CancelToken& cancel);

}  // namespace mobiedit
