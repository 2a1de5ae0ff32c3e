// The product as its definition says it, one element at a time: the oracle of every other kernel, and what runs where
// there is none. A panel is one row: floats; or codes [k] and then scales [k/32].
#include <cmath>
#include <cstring>

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

std::size_t bytes_f32(int k) {
  return static_cast<std::size_t>(k) * sizeof(float);
}

std::size_t bytes_int8(int k) {
  return static_cast<std::size_t>(k) + static_cast<std::size_t>(k / group_size) * sizeof(float);
}

const std::int8_t* codes_of(const std::byte* row) {
  return reinterpret_cast<const std::int8_t*>(row);
}
const float* scales_of(const std::byte* row, int k) {
  return reinterpret_cast<const float*>(row + k);
}

void pack_f32(const float* rows, int k, std::byte* panel) {
  std::memcpy(panel, rows, bytes_f32(k));
}

void unpack_f32(const std::byte* panel, int k, int, float* values) {
  std::memcpy(values, panel, bytes_f32(k));
}

void pack_int8(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
  std::memcpy(panel, codes, static_cast<std::size_t>(k));
  std::memcpy(panel + k, scales, static_cast<std::size_t>(k / group_size) * sizeof(float));
}

void unpack_int8(const std::byte* panel, int k, int, float* values) {
  const std::int8_t* codes = codes_of(panel);
  const float* scales = scales_of(panel, k);
  for (int i = 0; i < k; ++i) values[i] = static_cast<float>(codes[i]) * scales[i / group_size];
}

void quantize_row(const float* x, int k, std::byte* row) {
  std::int8_t* codes = reinterpret_cast<std::int8_t*>(row);
  float* scales = reinterpret_cast<float*>(row + k);
  for (int g = 0; g < k / group_size; ++g) scales[g] = quantize_group(x + g * group_size, codes + g * group_size);
}

void multiply_f32(const Rectangle& r) {
  for (int n = 0; n < r.columns; ++n) {
    const float* w = reinterpret_cast<const float*>(r.weight + static_cast<std::size_t>(n) * bytes_f32(r.k));
    for (int m = 0; m < r.m; ++m) {
      const float* x = r.x + static_cast<std::size_t>(m) * r.x_stride;
      float sum = 0;
      for (int i = 0; i < r.k; ++i) sum += x[i] * w[i];
      r.y[static_cast<std::size_t>(m) * r.y_stride + static_cast<std::size_t>(n)] =
          r.bias != nullptr ? sum + r.bias[n] : sum;
    }
  }
}

void multiply_int8(const Rectangle& r) {
  for (int n = 0; n < r.columns; ++n) {
    const std::byte* weight = r.weight + static_cast<std::size_t>(n) * bytes_int8(r.k);
    const std::int8_t* w = codes_of(weight);
    const float* w_scales = scales_of(weight, r.k);
    for (int m = 0; m < r.m; ++m) {
      const std::byte* row = r.x_rows + static_cast<std::size_t>(m) * r.x_row_bytes;
      const std::int8_t* x = codes_of(row);
      const float* x_scales = scales_of(row, r.k);
      float y = 0;
      for (int g = 0; g < r.k / group_size; ++g) {
        std::int32_t sum = 0;
        for (int i = g * group_size; i < (g + 1) * group_size; ++i) sum += w[i] * x[i];
        y = std::fma(static_cast<float>(sum), w_scales[g] * x_scales[g], y);
      }
      r.y[static_cast<std::size_t>(m) * r.y_stride + static_cast<std::size_t>(n)] =
          r.bias != nullptr ? y + r.bias[n] : y;
    }
  }
}

}  // namespace

constinit const LinearKernel linear_plain = {
    .panel = 1,
    .row_tile = 1,
    .panel_bytes_f32 = bytes_f32,
    .panel_bytes_int8 = bytes_int8,
    .row_bytes_int8 = bytes_int8,
    .pack_f32 = pack_f32,
    .unpack_f32 = unpack_f32,
    .pack_int8 = pack_int8,
    .unpack_int8 = unpack_int8,
    .quantize_row = quantize_row,
    .multiply_f32 = multiply_f32,
    .multiply_int8 = multiply_int8,
};

}  // namespace mobiedit::kernels
