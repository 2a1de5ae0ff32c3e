// Second moment of a feed-forward's inputs, C = E[n nᵀ], and their mean.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>

namespace mobiedit {

/// Sums over inputs n [d] of one layer, in double. Copyable; one thread at a time.
class InputMoment {
 public:
  explicit InputMoment(int d);

  /// Adds inputs [rows, d], each with weight 1.
  void add(std::span<const float> inputs);

  /// Weighted mean of two moments of the same d: (1 − share) a + share b. A moment without inputs counts for nothing.
  [[nodiscard]] static InputMoment mixed(const InputMoment& a, const InputMoment& b, double share);

  [[nodiscard]] int dimension() const { return static_cast<int>(sum_.size()); }
  [[nodiscard]] double count() const { return count_; }  ///< inputs added
  [[nodiscard]] Eigen::MatrixXd second() const;          ///< C [d, d]; zero without inputs
  [[nodiscard]] Eigen::VectorXd mean() const;            ///< μ [d]; zero without inputs

 private:
  double count_ = 0;
  Eigen::MatrixXd products_;  // Σ n nᵀ, lower triangle
  Eigen::VectorXd sum_;       // Σ n
};

}  // namespace mobiedit
