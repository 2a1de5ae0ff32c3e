#include "edit/rank_one.h"

#include "mobiedit/edit/editor.h"

namespace mobiedit {

RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                       std::span<const float> key) {
  double whole = 0;
  for (std::size_t i = 0; i < right.size(); ++i) whole += double{right[i]} * key[i];
  RankOneUpdate update{block, {delta.begin(), delta.end()}, {right.begin(), right.end()}};
  for (float& x : update.right) x = static_cast<float>(x / whole);
  return update;
}

LowRankDelta to_low_rank(const RankOneUpdate& update) {
  return {"blk." + std::to_string(update.block) + ".ffn_down.weight", 1, update.right, update.left, 1.0f};
}

}  // namespace mobiedit
