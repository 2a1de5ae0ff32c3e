// Kalman filter of a Jacobian: the covariance over directions, which all of its rows share.
#pragma once

#include <Eigen/Core>

namespace mobiedit {

class Random;

/// The variance that a Jacobian's rows still have along each direction, in units of what they had before any probe.
/// A measurement along some directions lowers it there; a move of δ raises it again everywhere.
class DirectionCovariance {
 public:
  /// The identity: nothing is known of any of the d directions.
  explicit DirectionCovariance(int d);

  /// Kalman gains, [n, d], of a measurement along `directions` [d, n] with variances `noise` [n]: a row whose
  /// prediction was off by e [n] changes by eᵀ · gains.
  [[nodiscard]] Eigen::MatrixXf gains(const Eigen::MatrixXf& directions, const Eigen::VectorXf& noise) const;
  /// Accounts for a measurement along `directions` [d, n], whose gains were `gains` [n, d].
  void observe(const Eigen::MatrixXf& directions, const Eigen::MatrixXf& gains);
  /// Keeps a share `keep`² of what was learnt, 0 to 1; the rows themselves keep the share `keep`.
  void fade(float keep);
  /// A random direction, [d], likelier where the variance is larger. Not normalised.
  [[nodiscard]] Eigen::VectorXf draw(Random& random) const;
  [[nodiscard]] const Eigen::MatrixXf& matrix() const { return covariance_; }

 private:
  Eigen::MatrixXf covariance_;  // [d, d]
};

}  // namespace mobiedit
