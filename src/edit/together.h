// Many edits of one block written at once: the algebra of MEMIT and AlphaEdit, where values and keys are known.
#pragma once

#include <span>
#include <vector>

#include "edit/contexts.h"
#include "edit/covariance.h"
#include "model/forward.h"

namespace mobiedit {

/// Two keys [2, f] at the subject's last token: the bare prompt's, and the mean over the prompts with something before
/// them (the bare one's again where there are none). MEMIT averages the two; a subject that begins the text has a key
/// unlike all others there, so each is a condition of its own here.
[[nodiscard]] std::vector<float> subject_keys(Forward& forward, const ContextSet& contexts, int layer);

/// The same, and what leaves block `last` there.
struct SubjectState {
  std::vector<float> keys;      ///< [2, f], at block `layer`
  std::vector<float> residual;  ///< [d], leaving block `last`: the mean of the bare prompt's and of the others' mean
};
[[nodiscard]] SubjectState subject_state(Forward& forward, const ContextSet& contexts, int layer, int last);

/// For `keys` [n, f], each belonging to the edit `owner[i]` in [0, edits), and `solved` = S k with S symmetric and not
/// negative: directions u_e [edits, f] such that ΔW = Σ δ_e u_eᵀ minimises Σ ‖ΔW k_i − δ_owner‖² + ridge·tr(ΔW S⁻¹
/// ΔWᵀ). With S = C⁻¹ that is MEMIT (ridge its λ), with S the projector on what other keys hardly use AlphaEdit (ridge
/// its L2). In float64.
[[nodiscard]] std::vector<float> joint_directions(std::span<const float> keys, std::span<const float> solved,
                                                  std::span<const int> owner, int edits, double ridge);

/// The directions that keys of running text hardly use: P k, with P the projector on those eigenvectors of C which hold
/// the last `share` of its trace.
class Unused {
 public:
  Unused(const Covariance& covariance, double share);
  /// P k for each of `keys` [n, f].
  [[nodiscard]] std::vector<float> project(std::span<const float> keys) const;
  [[nodiscard]] int dimension() const { return dimension_; }  ///< of what is projected on

 private:
  std::size_t f_;
  int dimension_ = 0;
  std::vector<float> used_;  // [f − dimension, f], orthonormal rows
};

}  // namespace mobiedit
