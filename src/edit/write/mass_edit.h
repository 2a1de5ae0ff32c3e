// Mass editing: one update for many facts whose deltas are known (MEMIT, arXiv 2210.07229; AlphaEdit, arXiv
// 2410.02355).
#pragma once

#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "edit/contexts.h"

namespace mobiedit {

/// Two keys [2, f] at the subject's last token: the bare prompt's, and the mean over the prompts with something before
/// them (the bare one's again where there are none). MEMIT averages the two; a subject that begins the text has a key
/// unlike all others there, so each is a condition of its own here.
[[nodiscard]] std::vector<float> subject_keys(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts,
                                              int layer);

/// The same, and what leaves block `last` there.
struct SubjectState {
  std::vector<float> keys;      ///< [2, f], at block `layer`
  std::vector<float> residual;  ///< [d], leaving block `last`: the mean of the bare prompt's and of the others' mean
};
[[nodiscard]] SubjectState subject_state(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts,
                                         int layer, int last);

/// For `keys` [n, f], each belonging to the edit `owner[i]` in [0, edits), and `solved` = S k with S symmetric and not
/// negative: directions u_e [edits, f] such that ΔW = Σ δ_e u_eᵀ minimises Σ ‖ΔW k_i − δ_owner‖² + ridge·tr(ΔW S⁻¹
/// ΔWᵀ). With S = C⁻¹ that is MEMIT (ridge its λ), with S the projector on what other keys hardly use AlphaEdit (ridge
/// its L2). In float64.
[[nodiscard]] std::vector<float> joint_directions(std::span<const float> keys, std::span<const float> solved,
                                                  std::span<const int> owner, int edits, double ridge);

}  // namespace mobiedit
