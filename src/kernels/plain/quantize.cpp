#include "kernels/plain/quantize.h"

#include <bit>
#include <cmath>

#include "kernels/linear.h"

namespace mobiedit::kernels {
namespace {

template <class Code>
float quantize_to(const float* x, int count, float greatest, Code* codes) {
  // As integers the magnitudes compare as the floats do, and a NaN is greatest.
  std::uint32_t bits = 0;
  for (int i = 0; i < count; ++i) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu;
    bits = magnitude > bits ? magnitude : bits;
  }
  const float absmax = std::bit_cast<float>(bits);
  const float inverse = absmax < smallest_absmax ? 0.0f : greatest / absmax;
  for (int i = 0; i < count; ++i) {
    const float scaled = x[i] * inverse;
    codes[i] = std::isfinite(scaled) ? static_cast<Code>(std::lrint(scaled)) : Code{0};
  }
  return absmax / greatest;
}

}  // namespace

float quantize(const float* x, int count, std::int8_t* codes) {
  return quantize_to(x, count, 127.0f, codes);
}

float quantize(const float* x, int count, std::int16_t* codes) {
  return quantize_to(x, count, static_cast<float>(int16_levels), codes);
}

}  // namespace mobiedit::kernels
