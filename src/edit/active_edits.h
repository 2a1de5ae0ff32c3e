// Adapters and earlier edits in force under an editor.
#pragma once

#include <span>
#include <vector>

#include "backend/active_deltas.h"
#include "base/thread_pool.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Owns the deltas, and the form in which forward passes read them. Borrows the model and the pool. One thread at a
/// time.
class ActiveEdits {
 public:
  ActiveEdits(const Model& model, ThreadPool& pool) : model_(model), pool_(pool) {}

  /// Replaces all deltas. Errors: those of ActiveDeltas::resolve; then nothing changed.
  [[nodiscard]] Status replace(std::vector<LowRankDelta> deltas);
  /// Checks that a delta can be added and reserves memory for it, so that the next add() cannot fail. Errors: those of
  /// ActiveDeltas::resolve. Throws std::bad_alloc.
  [[nodiscard]] Status admit(const LowRankDelta& delta);
  /// Adds a delta that was admitted; refresh() puts it in force.
  void add(LowRankDelta delta) noexcept;
  /// Puts added deltas in force; call it before a forward pass. Errors: those of ActiveDeltas::resolve.
  [[nodiscard]] Status refresh();

  [[nodiscard]] std::span<const LowRankDelta> deltas() const { return deltas_; }
  /// As of the last refresh(), for PassOptions::deltas; null without any. Valid until the deltas change.
  [[nodiscard]] const ActiveDeltas* in_force() const { return deltas_.empty() ? nullptr : &active_; }
  /// A copy that more deltas can be added to, and that borrows these.
  [[nodiscard]] ActiveDeltas copy() const { return active_; }

 private:
  [[nodiscard]] Result<ActiveDeltas> resolved(std::span<const LowRankDelta> deltas) const;

  const Model& model_;
  ThreadPool& pool_;
  std::vector<LowRankDelta> deltas_;
  ActiveDeltas active_;
  bool stale_ = true;  // deltas_ changed, and perhaps moved, since active_ was made
};

}  // namespace mobiedit
