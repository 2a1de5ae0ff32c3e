// Null-space projection (AlphaEdit, arXiv 2410.02355).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "edit/statistics/key_covariance.h"

namespace mobiedit {

/// Projects onto the directions that keys of running text use least: P k, with P the projector on those eigenvectors of
/// C that hold the last `share` of its trace.
class NullSpaceProjector {
 public:
  /// `share` in 0 to 1. Computes all eigenvectors of C [f, f], which takes f³ steps.
  NullSpaceProjector(const KeyCovariance& covariance, double share);
  /// P k for each of `keys` [n, f].
  [[nodiscard]] std::vector<float> project(std::span<const float> keys) const;
  /// Dimension of the subspace that P projects on.
  [[nodiscard]] int dimension() const { return dimension_; }

 private:
  std::size_t f_;
  int dimension_ = 0;
  std::vector<float> used_;  // [f − dimension, f], orthonormal rows
};

}  // namespace mobiedit
