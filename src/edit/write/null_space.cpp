#include "edit/write/null_space.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace mobiedit {

NullSpaceProjector::NullSpaceProjector(const KeyCovariance& covariance, double share) {
  const std::vector<float> matrix = covariance.matrix();
  const auto f = static_cast<Eigen::Index>(covariance.length());
  f_ = static_cast<std::size_t>(f);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(Eigen::Map<const Eigen::MatrixXf>(matrix.data(), f, f));
  const Eigen::VectorXf& values = solver.eigenvalues();  // ascending
  double left = share * values.cast<double>().sum();
  while (dimension_ < f && left >= values[dimension_]) left -= values[dimension_++];
  const Eigen::MatrixXf used = solver.eigenvectors().rightCols(f - dimension_);
  used_.assign(used.data(), used.data() + used.size());
}

std::vector<float> NullSpaceProjector::project(std::span<const float> keys) const {
  const auto f = static_cast<Eigen::Index>(f_), n = static_cast<Eigen::Index>(keys.size()) / f;
  const Eigen::Map<const Eigen::MatrixXf> k(keys.data(), f, n), used(used_.data(), f, f - dimension_);
  const Eigen::MatrixXf projected = k - used * (used.transpose() * k);
  return {projected.data(), projected.data() + projected.size()};
}

}  // namespace mobiedit
