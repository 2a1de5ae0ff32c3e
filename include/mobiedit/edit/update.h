// Update of an edit, as plain data: the search finds it and the store writes it.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "mobiedit/model/changes.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

/// `blk.<block>.ffn_down.weight` [d, f] += left rightᵀ.
struct RankOneUpdate {
  int block = 0;             ///< layer index, counted from 0
  std::vector<float> left;   ///< [d], hidden size
  std::vector<float> right;  ///< [f], feed-forward size

  bool operator==(const RankOneUpdate&) const = default;
};

/// A change of the down weight, or one neuron beside the layer's own. A store names the kind with each edit.
using Update = std::variant<RankOneUpdate, Neuron>;

/// "rank-one" or "neuron", as stores and reports name it.
[[nodiscard]] std::string_view kind_of(const Update& update);

/// The edited layer, counted from 0.
[[nodiscard]] int layer_of(const Update& update);

/// Puts the update beside the changes that are there. Throws std::bad_alloc; then nothing changed.
void add_to(Changes& changes, const Update& update);

/// The updates alone. Throws std::bad_alloc.
[[nodiscard]] Changes changes_of(const Update& update);
[[nodiscard]] Changes changes_of(std::span<const Update> updates);

/// The update as a delta of "blk.<layer>.ffn_down.weight", for sessions and adapters. Throws std::bad_alloc.
[[nodiscard]] LowRankDelta to_low_rank(const RankOneUpdate& update);

}  // namespace mobiedit
