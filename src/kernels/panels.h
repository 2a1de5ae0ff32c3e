// Panel sizes that packing and multiplying share.
#pragma once

#include <cassert>
#include <cstddef>

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"

namespace mobiedit::kernels {

inline int divide_up(int a, int b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

/// Memory layout of weights of an integer kind.
inline const WeightForm& weight_form(const LinearKernel& kernel, WeightKind kind) {
  assert(kind != WeightKind::f32);
  if (kind == WeightKind::int4_g32) return kernel.int4_g32;
  return kind == WeightKind::int8_row ? kernel.int8_row : kernel.int8_g32;
}

inline std::size_t panel_bytes(const LinearKernel& kernel, WeightKind kind, int k) {
  return kind == WeightKind::f32 ? kernel.panel_bytes_f32(k) : weight_form(kernel, kind).panel_bytes(k);
}

}  // namespace mobiedit::kernels
