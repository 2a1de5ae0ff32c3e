// Matrices for tests of the algebra.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace mobiedit {

inline Eigen::MatrixXf random_matrix(int rows, int columns, std::uint64_t seed) {
  Eigen::MatrixXf m(rows, columns);
  Random(seed).fill_normal({m.data(), static_cast<std::size_t>(m.size())});
  return m;
}

inline std::span<const float> span_of(const Eigen::MatrixXf& m) {
  return {m.data(), static_cast<std::size_t>(m.size())};
}

}  // namespace mobiedit
