#include "search/logit_map.h"

#include <Eigen/QR>
#include <algorithm>

#include "kernels/float_product.h"

namespace mobiedit {

using Matrix = Eigen::MatrixXf;

LogitMap::Rows LogitMap::product(const Eigen::Ref<const Rows>& x, const Matrix& w) {
  Rows y(x.rows(), w.cols());
  // Stored by columns, w is wᵀ row by row.
  const auto span = [](const auto& m) { return std::span(m.data(), static_cast<std::size_t>(m.size())); };
  kernels::float_product(span(x), span(w), static_cast<int>(w.rows()), {y.data(), static_cast<std::size_t>(y.size())});
  return y;
}

void LogitMap::observe(Eigen::Index first, const Matrix& directions, const Matrix& seen, const Matrix& gains) {
  auto rows = map_.middleRows(first, seen.rows());
  const Rows missing = seen - product(rows, directions);
  rows += product(missing, gains);
}

LogitMap::Reduced LogitMap::reduced(const Matrix& span) const {
  const auto q = std::min(span.cols(), map_.cols());
  Reduced reduced;
  reduced.directions = span.leftCols(q).householderQr().householderQ() * Matrix::Identity(map_.cols(), q);
  reduced.jacobian = product(map_, reduced.directions);
  return reduced;
}

}  // namespace mobiedit
