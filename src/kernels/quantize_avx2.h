// How a group is quantised with 256-bit vectors. Included only by files compiled for a set that has AVX2; private to
// each of them.
#pragma once

#include <immintrin.h>

#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

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
