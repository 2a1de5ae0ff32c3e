// Quantisation of activations with 256-bit vectors. Included only by files that are compiled for AVX2; private to each
// of them.
#pragma once

#include <immintrin.h>

#include "kernels/linear.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

/// The greatest magnitude of `count` floats, a multiple of 32.
float absmax_avx2(const float* x, int count) {
  // As integers the magnitudes compare as the floats do, and a NaN is greatest.
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i most[4];
  for (int i = 0; i < 4; ++i) most[i] = _mm256_setzero_si256();
  for (int at = 0; at < count; at += 32) {
    for (int i = 0; i < 4; ++i) {
      const __m256i v = _mm256_castps_si256(_mm256_loadu_ps(x + at + 8 * i));
      most[i] = _mm256_max_epi32(most[i], _mm256_and_si256(v, magnitude));
    }
  }
  const __m256i all = _mm256_max_epi32(_mm256_max_epi32(most[0], most[1]), _mm256_max_epi32(most[2], most[3]));
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0b01001110));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0b10110001));
  return _mm_cvtss_f32(_mm_castsi128_ps(half));
}

float inverse_of(float absmax, float greatest) {
  return absmax < smallest_absmax ? 0.0f : greatest / absmax;
}

/// 32 codes as 16-bit integers, in order. Values that are not finite give arbitrary codes.
struct Codes16 {
  __m256i half[2];

  Codes16(const float* x, __m256 inverse) {
    for (int i = 0; i < 2; ++i) {
      const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 16 * i), inverse));
      const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 16 * i + 8), inverse));
      half[i] = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0b11011000);
    }
  }

  [[nodiscard]] int sum() const {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i pairs = _mm256_add_epi32(_mm256_madd_epi16(half[0], ones), _mm256_madd_epi16(half[1], ones));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b01001110));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b10110001));
    return _mm_cvtsi128_si32(four);
  }
};

void store_bytes(const __m256i (&half)[2], std::byte* out) {
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(half[0], half[1]), 0b11011000);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
}

/// The codes as bytes: one plane of them, or a high and a low one (code = 256 * high + low, both signed), `plane` bytes
/// apart.
template <int planes>
void store_planes(const Codes16& codes, std::byte* out, std::size_t plane) {
  if constexpr (planes == 1) {
    store_bytes(codes.half, out);
  } else {
    __m256i high[2];
    __m256i low[2];
    for (int i = 0; i < 2; ++i) {
      high[i] = _mm256_srai_epi16(_mm256_add_epi16(codes.half[i], _mm256_set1_epi16(128)), 8);
      low[i] = _mm256_sub_epi16(codes.half[i], _mm256_slli_epi16(high[i], 8));
    }
    store_bytes(high, out);
    store_bytes(low, out + plane);
  }
}

/// The greatest code of activations stored in `planes` planes of bytes.
constexpr float greatest_code(int planes) {
  return planes == 1 ? 127.0f : static_cast<float>(int16_levels);
}

}  // namespace
}  // namespace mobiedit::kernels
