// Update of an edit, as plain data: the search finds it and the store writes it.
#pragma once

#include <vector>

#include "mobiedit/model/low_rank.h"

namespace mobiedit {

/// `blk.<block>.ffn_down.weight` [d, f] += left rightᵀ. The one kind of change there is so far; a store names the kind
/// with each edit, so that others can lie beside it.
struct RankOneUpdate {
  int block = 0;             ///< layer index, counted from 0
  std::vector<float> left;   ///< [d], hidden size
  std::vector<float> right;  ///< [f], feed-forward size

  bool operator==(const RankOneUpdate&) const = default;
};

/// The update as a delta of "blk.<layer>.ffn_down.weight", for sessions and adapters. Throws std::bad_alloc.
[[nodiscard]] LowRankDelta to_low_rank(const RankOneUpdate& update);

}  // namespace mobiedit
