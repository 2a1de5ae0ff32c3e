// Eight floats, for the templates of tiles.h. Included only by files compiled for a set that has AVX2 and FMA; private
// to each of them.
#pragma once

#include <immintrin.h>

#include <cstddef>

namespace mobiedit::kernels {
namespace {

struct Vector256 {
  using Float = __m256;
  using Int = __m256i;
  using Mask = __m256i;
  static constexpr int lanes = 8;

  static Mask first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Float zero() { return _mm256_setzero_ps(); }
  static Float load(const float* p) { return _mm256_loadu_ps(p); }
  static Float load(Mask mask, const float* p) { return _mm256_maskload_ps(p, mask); }
  static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
  static void store(Mask mask, float* p, Float v) { _mm256_maskstore_ps(p, mask, v); }
  static Float broadcast(const float* p) { return _mm256_set1_ps(*p); }
  static Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float multiply_add(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float to_float(Int v) { return _mm256_cvtepi32_ps(v); }

  static Int zero_int() { return _mm256_setzero_si256(); }
  static Int load_bytes(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Int broadcast_int(const std::byte* p) {
    int value;
    __builtin_memcpy(&value, p, sizeof value);
    return _mm256_set1_epi32(value);
  }
  static Int low_nibbles(Int v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
  static Int high_nibbles(Int v) { return _mm256_and_si256(_mm256_srli_epi32(v, 4), _mm256_set1_epi8(15)); }
  static Int add(Int a, Int b) { return _mm256_add_epi32(a, b); }
  static Int times_256(Int v) { return _mm256_slli_epi32(v, 8); }
  static Int bits(Float v) { return _mm256_castps_si256(v); }
  static Float from_bits(Int v) { return _mm256_castsi256_ps(v); }
};

}  // namespace
}  // namespace mobiedit::kernels
