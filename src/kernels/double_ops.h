// Sums of float rows in double, for algebra where float sums lose too much. Plain loops.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace mobiedit::kernels {

/// a·b, both of one length, summed in order.
[[nodiscard]] inline double dot_in_double(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

/// ‖x‖.
[[nodiscard]] inline double norm_in_double(std::span<const float> x) {
  return std::sqrt(dot_in_double(x, x));
}

}  // namespace mobiedit::kernels
