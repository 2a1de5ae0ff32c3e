// The algebra of writing a value into a weight (R-ROME).
#pragma once

#include <span>

#include "mobiedit/edit/update.h"

namespace mobiedit {

/// ΔW = δ uᵀ / (u·k*): a key k gets δ·(u·k)/(u·k*), the mean key exactly δ. `delta` [d], `right` = u [f], `key` = k*
/// [f]; u·k* must not be 0.
[[nodiscard]] RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                                     std::span<const float> key);

}  // namespace mobiedit
