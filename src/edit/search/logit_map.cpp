#include "edit/search/logit_map.h"

#include <Eigen/QR>
#include <algorithm>

#include "kernels/float_product.h"

namespace mobiedit {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

LogitMap::Rows LogitMap::product(const Eigen::Ref<const Rows>& x, const Matrix& w) {
  Rows y(x.rows(), w.cols());
  // By columns, w is wᵀ row by row.
  const auto span = [](const auto& m) { return std::span(m.data(), static_cast<std::size_t>(m.size())); };
  kernels::float_product(span(x), span(w), static_cast<int>(w.rows()), {y.data(), static_cast<std::size_t>(y.size())});
  return y;
}

void LogitMap::observe(Eigen::Index first, const Matrix& directions, const Matrix& seen, const Vector& trust) {
  auto rows = map_.middleRows(first, seen.rows());
  const Rows missing = (seen - product(rows, directions)) * trust.asDiagonal();
  rows += product(missing, directions.transpose());
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
  reduced.jacobian = product(map_, reduced.directions);
  return reduced;
}

}  // namespace mobiedit
