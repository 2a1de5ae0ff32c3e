// Damage gauge: measures how far a model with edits in force is from its base, in chat and in text that no edit is
// about.
#pragma once

#include <filesystem>
#include <utility>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/workspace/damage.h"
#include "workspace/gauge/gauge_record.h"

namespace mobiedit {

/// The base's side of the comparison: rows, its own answers, and its likeliest tokens at each position. Immutable.
/// Borrows the model.
class DamageGauge {
 public:
  /// Runs the unedited model once, or reads what an earlier run cached in `cache_folder`, unless that is empty.
  /// `forward` is a pass of `model`. Errors: io (the result can't be cached), cancelled, out_of_memory.
  [[nodiscard]] static Result<DamageGauge> create(const Model& model, ForwardPass& forward,
                                                  const std::filesystem::path& cache_folder,
                                                  const CancelToken& cancel = {});

  /// Divergences with `in_force` in force, whose outputs are set here. Takes equally long for every edit. Errors:
  /// cancelled, out_of_memory.
  [[nodiscard]] Result<Damage> measure(ForwardPass& forward, const PassOptions& in_force,
                                       const CancelToken& cancel = {}) const;

  /// Lets the model with `in_force` in force answer the questions, and adds a comparison with the base's answers to
  /// `damage`, as measured with it. Takes several times as long as measure(). Errors: cancelled, out_of_memory.
  [[nodiscard]] Status answer(ForwardPass& forward, const PassOptions& in_force, Damage& damage,
                              const CancelToken& cancel = {}) const;

  [[nodiscard]] bool has_chat() const { return record_.turns > 0; }

 private:
  DamageGauge(const Model& model, GaugeRecord record) : model_(&model), record_(std::move(record)) {}

  const Model* model_;
  GaugeRecord record_;
};

}  // namespace mobiedit
