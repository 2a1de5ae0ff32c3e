// Layer choice: which layer of a model to edit, and how far.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

class ThreadPool;

struct LayerChoice {
  int layer = 0;       ///< index of the layer, from 0
  double clamp = 8;    ///< longest δ, in ‖v₀‖
  std::string why;     ///< reason, one sentence in English
  bool known = false;  ///< the choice is from the built-in table, which Editor::create uses by itself
};

struct LayerTrialOptions {
  int threads = 0;                   ///< worker threads; 0: one per processor
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads (Engine::pool); none: `threads` of its own
  std::string cache_folder;          ///< existing folder that caches a measured choice by model; empty: none
  /// Called before each candidate layer, `number` of `candidates`; may be empty.
  std::function<void(int layer, int number, int candidates)> trying;
};

/// Takes the built-in table's choice, or a cached one, or makes a trial and caches its choice. The trial edits a few
/// built-in facts at a few layers with few evaluations, without key statistics. The best layer is the one whose edits
/// succeed, are found by other wordings and leave neighbours alone. A trial of a small model takes some tens of
/// seconds. The choice depends on model and build alone. A model that the facts do not fit gets the depth of most
/// published edits. Errors: cancelled, io (the choice cannot be cached), out_of_memory.
[[nodiscard]] Result<LayerChoice> choose_layer(const Model& model, const LayerTrialOptions& options = {},
                                               const CancelToken& cancel = {});

/// Rank-one updates for a model whose layer for them was chosen by measurement, neurons for any other. `config` is that
/// of the whole model.
[[nodiscard]] WriteKind usual_write(const ModelConfig& config);

/// The layer that takes neurons where none is asked for: a measured one, or one at half the depth. No trial is needed.
[[nodiscard]] LayerChoice neuron_layer(const ModelConfig& config);

/// The choice that choose_layer makes without a trial: the table's or a cached one. Nothing where it would make a
/// trial. `model` may be loaded in part.
[[nodiscard]] std::optional<LayerChoice> settled_layer(const Model& model, const std::string& cache_folder);

}  // namespace mobiedit
