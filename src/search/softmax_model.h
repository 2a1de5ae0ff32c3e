// Softmax regression on logits that are linear in the step.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace mobiedit {

/// One row of logits in a softmax regression: weight·[lse(z) − q·z], z = logits + J a.
struct SoftmaxRow {
  double weight = 0;
  Eigen::VectorXf wanted;  ///< q [width], sums to 1
};

/// Minimises Σ rows + penalty·‖offset + a‖² + aᵀ·risk·a over ‖a‖ <= radius, by damped Newton steps with as much extra
/// ridge as the radius needs. All in a few dozen numbers: no forward pass.
class SoftmaxModel {
 public:
  std::vector<SoftmaxRow> rows;
  Eigen::VectorXf logits;    ///< [rows · width]
  Eigen::MatrixXf jacobian;  ///< [rows · width, m]
  Eigen::VectorXf offset;    ///< [m]: the part of δ that the directions already span
  double penalty = 0;
  Eigen::MatrixXf risk;  ///< [m, m], symmetric; empty: none. A step a is charged aᵀ·risk·a beside its loss.

  [[nodiscard]] Eigen::VectorXf minimise(double radius) const;
  [[nodiscard]] double value(const Eigen::VectorXf& a) const;
  /// Row r's probabilities when its logits have moved by `moved` [rows · width].
  [[nodiscard]] Eigen::VectorXf probabilities(std::size_t r, const Eigen::VectorXf& moved) const;

 private:
  [[nodiscard]] Eigen::Index width() const { return logits.size() / static_cast<Eigen::Index>(rows.size()); }
  [[nodiscard]] Eigen::VectorXf row(std::size_t r, const Eigen::VectorXf& moved) const;
  [[nodiscard]] Eigen::VectorXf newton(Eigen::VectorXf a, double ridge) const;
};

}  // namespace mobiedit
