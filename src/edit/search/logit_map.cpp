#include "edit/search/logit_map.h"

#include <Eigen/QR>
#include <algorithm>

namespace mobiedit {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

void LogitMap::observe(Eigen::Index first, const Matrix& directions, const Matrix& seen, const Vector& trust) {
  auto rows = map_.middleRows(first, seen.rows());
  Matrix missing = seen;
  missing.noalias() -= rows * directions;
  rows.noalias() += missing * trust.asDiagonal() * directions.transpose();
}

void LogitMap::observe_step(const Vector& step, const Vector& change) {
  const float square = step.squaredNorm();
  if (!(square > 0)) return;
  map_ += (change - map_ * step) * (step.transpose() / square);
}

LogitMap::Reduced LogitMap::reduced(std::span<const Eigen::Index> chosen, const Vector& delta) const {
  const auto q = std::min<Eigen::Index>(static_cast<Eigen::Index>(chosen.size()) + 1, map_.cols());
  Matrix wanted(map_.cols(), q);
  wanted.col(0) = delta;
  for (Eigen::Index i = 1; i < q; ++i) wanted.col(i) = map_.row(chosen[static_cast<std::size_t>(i - 1)]).transpose();
  Reduced reduced;
  reduced.directions = wanted.householderQr().householderQ() * Matrix::Identity(map_.cols(), q);
  reduced.jacobian = map_ * reduced.directions;
  return reduced;
}

}  // namespace mobiedit
