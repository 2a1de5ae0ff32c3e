// How 32 floats become codes and a scale; all instruction sets give these very numbers.
#pragma once

#include <cstdint>

namespace mobiedit::kernels {

/// Below this, 127 / absmax may overflow: such a group is all zeros.
inline constexpr float smallest_absmax = 1e-30f;

/// scale = absmax / 127; codes [32] = x * (127 / absmax), round to nearest even. Returns the scale. If a value is not
/// finite, neither is the scale.
float quantize_group(const float* x, std::int8_t* codes);

}  // namespace mobiedit::kernels
