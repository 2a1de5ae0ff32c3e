// Mass edit: one update for many edits whose δ are known (MEMIT, arXiv 2210.07229; AlphaEdit, arXiv 2410.02355).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "backend/active_deltas.h"
#include "backend/forward_pass.h"
#include "edit/contexts.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/update.h"

namespace mobiedit {

/// For `keys` [n, f], of which key i belongs to edit `owner[i]` in [0, edits), and `solved` = S k [n, f] with S
/// symmetric and not negative: directions u_e [edits, f] for which ΔW = Σ δ_e u_eᵀ minimises
/// Σ ‖ΔW k_i − δ_owner‖² + ridge·tr(ΔW S⁻¹ ΔWᵀ). With S = C⁻¹ this is MEMIT and ridge its λ, with S the null-space
/// projector it is AlphaEdit and ridge its L2. Computed in float64.
[[nodiscard]] std::vector<float> joint_directions(std::span<const float> keys, std::span<const float> solved,
                                                  std::span<const int> owner, int edits, double ridge);

/// A δ, and the contexts on which it was found.
struct FoundEdit {
  ContextSet contexts;
  std::vector<float> delta;  ///< [d]
};

/// How to write them.
struct MassWrite {
  int layer = 0;     ///< the edited layer, where every δ was found
  int layers = 1;    ///< number of layers, up to the edited one, that share each δ
  double ridge = 1;  ///< ridge of joint_directions
  /// S k of each of a layer's `keys` [n, f].
  std::function<std::vector<float>(int layer, const std::vector<float>& keys)> solve;
};

/// Updates in order of layers, and within a layer of edits. Layer by layer, each writes an equal share of what the
/// edited layer's output still lacks, with keys as the layers before left them. `active`: the deltas in force in
/// `pass`, as a copy. Errors: cancelled, usage. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<RankOneUpdate>> write_mass_edit(ForwardPass& forward, PassOptions pass,
                                                                 ActiveDeltas active, std::span<const FoundEdit> edits,
                                                                 const MassWrite& write, const CancelToken& cancel);

}  // namespace mobiedit
