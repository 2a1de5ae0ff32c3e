// Which block of a model to edit, and how far.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

class ThreadPool;

struct LayerChoice {
  int layer = 0;
  double clamp = 8;    ///< ‖δ‖ at most this many ‖v₀‖
  std::string why;     ///< in words
  bool known = false;  ///< from the table, which Editor::create follows by itself
};

struct LayerTrialOptions {
  int threads = 0;                   ///< 0: one for each processor
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads (Engine::pool); none: `threads` of its own
  std::string cache_folder;          ///< where a measured choice is kept, by model; empty: nowhere
  /// Called before each candidate block, of `candidates`, and may be empty.
  std::function<void(int layer, int number, int candidates)> trying;
};

/// For a model that was measured before: a table's row, at once. For another: what was kept of an earlier trial, or a
/// trial, kept then: a few built-in facts are edited at a few blocks with few evaluations, without key statistics, and
/// the block wins whose edits succeed, hold in other wordings and leave neighbours alone. Some tens of seconds for a
/// small model. The same choice for the same model and build. A model that the built-in facts do not fit gets the depth
/// at which most published edits are made. Errors: cancelled, io (the choice cannot be kept), out_of_memory.
[[nodiscard]] Result<LayerChoice> choose_layer(const Model& model, const LayerTrialOptions& options = {},
                                               const CancelToken& cancel = {});

/// The choice that choose_layer makes without a trial: the table's or a cached one. Nothing where it would make a
/// trial. `model` may be loaded in part.
[[nodiscard]] std::optional<LayerChoice> settled_layer(const Model& model, const std::string& cache_folder);

}  // namespace mobiedit
