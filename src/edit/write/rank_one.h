// The algebra of writing a value into a weight (R-ROME).
#pragma once

#include <span>

#include "mobiedit/edit/update.h"

namespace mobiedit {

/// ΔW = δ uᵀ / (u·k*): a key k gets δ·(u·k)/(u·k*), the mean key exactly δ. `delta` [d], `right` = u [f], `key` = k*
/// [f]; u·k* must not be 0.
[[nodiscard]] RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                                     std::span<const float> key);

/// The combination u = Σ w_i a_i for which u·k_i is as near to 1 for every context as a little ridge lets it be, where
/// a_i = C⁻¹ k_i. With one context this is ROME's u. With the mean key alone (R-ROME) the edit reaches each context at
/// another strength, and a subject that begins the text, whose key is unlike all others, hardly at all; this way all
/// get δ, by one rank-one update still. `keys`, `solved` [n, f].
[[nodiscard]] std::vector<float> common_direction(std::span<const float> keys, std::span<const float> solved, int n);

/// ‖Σ l rᵀ‖, Frobenius; all of one size. Takes time in proportion to the number of updates where they are many.
/// Throws std::bad_alloc.
[[nodiscard]] double norm_of(std::span<const RankOneUpdate* const> updates);

}  // namespace mobiedit
