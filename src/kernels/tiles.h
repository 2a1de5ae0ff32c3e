// What the products of x86 instruction sets share: how rows are cut into tiles, how a group is quantised with 256-bit
// vectors. Included only by files compiled for a set that has AVX2; all of it is private to each of them.
#pragma once

#include <immintrin.h>

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

/// Calls tile(first row, rows) over m rows, tiles as even as can be: 5 rows are 3 and 2, not 4 and 1.
template <class Tile>
void for_tiles(int m, int tile_rows, const Tile& tile) {
  const int tiles = (m + tile_rows - 1) / tile_rows;
  for (int i = 0, row = 0; i < tiles; ++i) {
    const int rows = (m - row + tiles - i - 1) / (tiles - i);
    tile(row, rows);
    row += rows;
  }
}

void add_bias(const Rectangle& r) {
  if (r.bias == nullptr) return;
  for (std::size_t m = 0; m < static_cast<std::size_t>(r.m); ++m) {
    float* y = r.y + m * r.y_stride;
    for (std::size_t n = 0; n < static_cast<std::size_t>(r.columns); ++n) y[n] += r.bias[n];
  }
}

/// Weights in floats lie [k][panel rows].
template <std::size_t panel_rows>
void pack_floats(const float* rows, int k, std::byte* panel) {
  float* out = reinterpret_cast<float*>(panel);
  for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) {
    for (std::size_t row = 0; row < panel_rows; ++row) {
      out[i * panel_rows + row] = rows[row * static_cast<std::size_t>(k) + i];
    }
  }
}

template <std::size_t panel_rows>
void unpack_floats(const std::byte* panel, int k, int row, float* values) {
  const float* in = reinterpret_cast<const float*>(panel) + row;
  for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) values[i] = in[i * panel_rows];
}

/// 32 codes as 16-bit integers, in order, and their scale.
struct QuantizedGroup {
  __m256i codes[2];
  float scale;
};

/// The same numbers as quantize_group, but that codes of a group that is not finite are whatever comes out.
QuantizedGroup quantize_group_avx2(const float* x) {
  // As integers the magnitudes compare as the floats do, and a NaN is greatest.
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256 v[4];
  __m256i most = _mm256_setzero_si256();
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_loadu_ps(x + 8 * i);
    most = _mm256_max_epi32(most, _mm256_and_si256(_mm256_castps_si256(v[i]), magnitude));
  }
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0b01001110));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0b10110001));
  const float absmax = _mm_cvtss_f32(_mm_castsi128_ps(half));
  const __m256 inverse = _mm256_set1_ps(absmax < smallest_absmax ? 0.0f : 127.0f / absmax);
  QuantizedGroup group;
  group.scale = absmax / 127.0f;
  for (int i = 0; i < 2; ++i) {
    const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(v[2 * i], inverse));
    const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(v[2 * i + 1], inverse));
    group.codes[i] = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0b11011000);
  }
  return group;
}

}  // namespace
}  // namespace mobiedit::kernels
