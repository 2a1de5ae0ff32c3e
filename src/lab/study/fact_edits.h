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

/// Has neither paraphrases nor neighbours: those are scored afterwards, outside the measured time of the edit.
[[nodiscard]] EditRequest request_of(const FactRecord& fact);

/// Returns the error with the record as its place.
[[nodiscard]] Error at(const FactRecord& fact, Error error);

/// Errors: usage, if the editor would refuse any.
[[nodiscard]] Status check_all(const Editor& editor, std::span<const FactRecord> facts);

void add_cost(const EditEvidence& evidence, FactOutcome& outcome);

[[nodiscard]] EditProgressFn progress_of(const ExperimentObserver& observer, std::size_t fact);

/// Measures each fact with the adapters in force in the session, in order. `success` means that greedy generation after
/// the prompt gives the target. Errors: as measure_fact.
[[nodiscard]] Result<std::vector<FactOutcome>> measure_all(Session& session, const Tokenizer& tokenizer,
                                                           std::span<const FactRecord> facts,
                                                           std::span<const EditEvidence> costs,
                                                           const CancelToken& cancel);

}  // namespace mobiedit
