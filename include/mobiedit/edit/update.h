// Update of an edit, as plain data: the search finds it and the store writes it.
#pragma once

#include <vector>

#include "mobiedit/model/low_rank.h"

namespace mobiedit {

/// `blk.<block>.ffn_down.weight` [d, f] += left rightᵀ.
struct RankOneUpdate {
  int block = 0;             ///< counted from 0
  std::vector<float> left;   ///< [d], hidden size
  std::vector<float> right;  ///< [f], feed-forward size
};

/// The update as a delta of "blk.<layer>.ffn_down.weight", for sessions and adapters. Throws std::bad_alloc.
[[nodiscard]] LowRankDelta to_low_rank(const RankOneUpdate& update);

}  // namespace mobiedit
