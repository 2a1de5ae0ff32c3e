#include "search/direction_covariance.h"

#include <Eigen/Cholesky>

#include "base/random.h"

namespace mobiedit {

DirectionCovariance::DirectionCovariance(int d) : covariance_(Eigen::MatrixXf::Identity(d, d)) {}

Eigen::MatrixXf DirectionCovariance::gains(const Eigen::MatrixXf& directions, const Eigen::VectorXf& noise) const {
  const Eigen::MatrixXf spread = covariance_ * directions;
  Eigen::MatrixXf measured = directions.transpose() * spread;
  measured.diagonal() += noise;
  return measured.llt().solve(spread.transpose());
}

void DirectionCovariance::observe(const Eigen::MatrixXf& directions, const Eigen::MatrixXf& gains) {
  covariance_ -= (covariance_ * directions) * gains;
  // Rounding would make it lose its symmetry, update by update.
  covariance_ = (0.5f * (covariance_ + covariance_.transpose())).eval();
}

void DirectionCovariance::fade(float keep) {
  covariance_ *= keep * keep;
  covariance_.diagonal().array() += 1 - keep * keep;
}

Eigen::VectorXf DirectionCovariance::draw(Random& random) const {
  Eigen::VectorXf z(covariance_.rows());
  random.fill_normal({z.data(), static_cast<std::size_t>(z.size())});
  return covariance_ * z;
}

}  // namespace mobiedit
