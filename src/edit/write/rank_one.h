// Rank-one update (R-ROME): algebra.
#pragma once

#include <span>

#include "mobiedit/edit/update.h"

namespace mobiedit {

/// ΔW = δ uᵀ / (u·k*): a key k gets δ·(u·k)/(u·k*), the mean key exactly δ. `delta` [d], `right` = u [f], `key` = k*
/// [f]; u·k* must not be 0.
[[nodiscard]] RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                                     std::span<const float> key);

/// The combination u = Σ w_i a_i with a_i = C⁻¹ k_i for which u·k_i is nearest to 1 for every context, up to a small
/// ridge. `keys`, `solved` = a [n, f]. With one context this is ROME's u. R-ROME's mean key alone would give each
/// context another strength, and hardly any to a subject that begins the text, as its key is unlike all others.
[[nodiscard]] std::vector<float> common_direction(std::span<const float> keys, std::span<const float> solved, int n);

/// ‖Σ l rᵀ‖, Frobenius, of updates of equal size. Time is linear in the number of updates where they are many. Throws
/// std::bad_alloc.
[[nodiscard]] double norm_of(std::span<const RankOneUpdate* const> updates);

}  // namespace mobiedit
