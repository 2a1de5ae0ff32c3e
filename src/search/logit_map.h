// Estimated Jacobian of the logits: how they move with δ, as far as probes have shown.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace mobiedit {

/// A linear map from δ [d] to logits, stored row by row as [logits, d]: an expectation that measurements correct.
class LogitMap {
 public:
  LogitMap(Eigen::Index logits, int d) : map_(Rows::Zero(logits, d)) {}

  [[nodiscard]] Eigen::Index logits() const { return map_.rows(); }
  /// Sets the rows of logits [first, first + rows.rows()) to `rows` [·, d], before any measurement.
  void expect(Eigen::Index first, const Eigen::Ref<const Eigen::MatrixXf>& rows) {
    map_.middleRows(first, rows.rows()) = rows;
  }
  /// Corrects logits [first, first + seen.rows()), which moved by `seen` [·, n] along `directions` [d, n], with
  /// Kalman gains [n, d] (DirectionCovariance::gains).
  void observe(Eigen::Index first, const Eigen::MatrixXf& directions, const Eigen::MatrixXf& seen,
               const Eigen::MatrixXf& gains);
  /// Keeps the share `keep` of every entry, 0 to 1.
  void fade(float keep) { map_ *= keep; }

  /// The map restricted to few directions.
  struct Reduced {
    Eigen::MatrixXf directions;  ///< [d, q], orthonormal
    Eigen::MatrixXf jacobian;    ///< [logits, q]
  };
  /// The map restricted to the span of the columns of `span` [d, ·]; of more than d columns the first d count.
  [[nodiscard]] Reduced reduced(const Eigen::MatrixXf& span) const;
  /// Mᵀ g, [d]: the direction of δ in which the logits move along `gradient` [logits].
  [[nodiscard]] Eigen::VectorXf pull_back(const Eigen::VectorXf& gradient) const { return map_.transpose() * gradient; }
  /// Mᵀ g, [d], of the logits [first, first + gradient.size()) alone.
  [[nodiscard]] Eigen::VectorXf pull_back(Eigen::Index first, const Eigen::VectorXf& gradient) const {
    return map_.middleRows(first, gradient.size()).transpose() * gradient;
  }
  /// How logit `which` moves, [d].
  [[nodiscard]] Eigen::VectorXf row(Eigen::Index which) const { return map_.row(which).transpose(); }

 private:
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  /// x w, by this library's kernels: they use the processor's best instruction set, and Eigen is compiled for any.
  static Rows product(const Eigen::Ref<const Rows>& x, const Eigen::MatrixXf& w);

  Rows map_;
};

}  // namespace mobiedit
