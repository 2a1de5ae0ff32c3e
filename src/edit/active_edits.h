// Adapters, neurons and earlier edits in force under an editor.
#pragma once

#include <span>

#include "backend/active_deltas.h"
#include "backend/active_neurons.h"
#include "base/thread_pool.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/changes.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Owns the changes, and the form in which forward passes read them. Borrows the model and the pool. One thread at a
/// time.
class ActiveEdits {
 public:
  ActiveEdits(const Model& model, ThreadPool& pool) : model_(model), pool_(pool) {}

  /// Replaces all changes. Errors: those of ActiveDeltas::resolve and ActiveNeurons::resolve; then nothing changed.
  [[nodiscard]] Status replace(Changes changes);
  /// Checks that changes can be added and reserves memory for them, so that the next add() of them cannot fail. Errors:
  /// as replace(). Throws std::bad_alloc.
  [[nodiscard]] Status admit(const Changes& added);
  /// Adds changes that were admitted; refresh() puts them in force.
  void add(Changes added) noexcept;
  /// Puts added changes in force; call it before a forward pass. Errors: as replace().
  [[nodiscard]] Status refresh();

  [[nodiscard]] const Changes& changes() const { return changes_; }
  /// As of the last refresh(), for PassOptions; null without any. Valid until the changes change.
  [[nodiscard]] const ActiveDeltas* deltas_in_force() const { return changes_.adapters.empty() ? nullptr : &deltas_; }
  [[nodiscard]] const ActiveNeurons* neurons_in_force() const { return neurons_.empty() ? nullptr : &neurons_; }
  /// A copy that more deltas can be added to, and that borrows these.
  [[nodiscard]] ActiveDeltas copy() const { return deltas_; }

 private:
  [[nodiscard]] Result<ActiveDeltas> resolved(std::span<const LowRankDelta> deltas) const;
  [[nodiscard]] Result<ActiveNeurons> resolved(std::span<const Neuron> neurons) const;

  const Model& model_;
  ThreadPool& pool_;
  Changes changes_;
  ActiveDeltas deltas_;
  ActiveNeurons neurons_;
  bool deltas_stale_ = true;  // changes_.adapters changed, and perhaps moved, since deltas_ was made
  bool neurons_stale_ = true;
};

}  // namespace mobiedit
