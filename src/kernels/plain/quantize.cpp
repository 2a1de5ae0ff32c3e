#include "kernels/plain/quantize.h"

#include <bit>
#include <cmath>

#include "kernels/linear.h"

namespace mobiedit::kernels {

float quantize_group(const float* x, std::int8_t* codes) {
  // As integers the magnitudes compare as the floats do, and a NaN is greatest.
  std::uint32_t bits = 0;
  for (int i = 0; i < group_size; ++i) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu;
    bits = magnitude > bits ? magnitude : bits;
  }
  const float absmax = std::bit_cast<float>(bits);
  const float inverse = absmax < smallest_absmax ? 0.0f : 127.0f / absmax;
  for (int i = 0; i < group_size; ++i) {
    const float scaled = x[i] * inverse;
    codes[i] = std::isfinite(scaled) ? static_cast<std::int8_t>(std::lrint(scaled)) : std::int8_t{0};
  }
  return absmax / 127.0f;
}

}  // namespace mobiedit::kernels
