// Quantisation of floats to codes and a scale. Every instruction set gives exactly these numbers.
#pragma once

#include <cstdint>

namespace mobiedit::kernels {

/// For a smaller absmax, greatest code / absmax may overflow; all codes are then zero.
inline constexpr float smallest_absmax = 1e-30f;

/// scale = absmax / greatest; codes [count] = x * (greatest / absmax), round to nearest even. Returns the scale. If a
/// value is not finite, neither is the scale.
float quantize(const float* x, int count, std::int8_t* codes);   // the greatest code is 127
float quantize(const float* x, int count, std::int16_t* codes);  // the greatest code is int16_levels

}  // namespace mobiedit::kernels
