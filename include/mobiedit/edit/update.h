// What an edit changes, as plain data: shared by the search that finds it and the store that writes it.
#pragma once

#include <vector>

namespace mobiedit {

/// `blk.<block>.ffn_down.weight` [d, f] += left rightᵀ.
struct RankOneUpdate {
  int block = 0;             ///< counted from 0
  std::vector<float> left;   ///< [d], hidden size
  std::vector<float> right;  ///< [f], feed-forward size
};

}  // namespace mobiedit
