// The product with 256-bit vectors where vpdpbusd has them without AVX-512, 16 weight rows to a panel.
#include "kernels/linear_vnni.h"

namespace mobiedit::kernels {
namespace {

struct AvxVnni {
  using Float = __m256;
  using Int = __m256i;
  using Mask = __m256i;
  static constexpr int lanes = 8;
  // 6 integer and 6 float sums of 16 registers; in float, 12.
  static constexpr int tile_rows_int8 = 3;
  static constexpr int tile_rows_f32 = 6;

  static Mask first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Float zero() { return _mm256_setzero_ps(); }
  static Float load(const float* p) { return _mm256_loadu_ps(p); }
  static Float load(Mask mask, const float* p) { return _mm256_maskload_ps(p, mask); }
  static void store(Mask mask, float* p, Float v) { _mm256_maskstore_ps(p, mask, v); }
  static Float broadcast(const float* p) { return _mm256_set1_ps(*p); }
  static Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float multiply_add(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float to_float(Int v) { return _mm256_cvtepi32_ps(v); }
  static Int load_bytes(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Int broadcast_int(const std::byte* p) {
    int value;
    __builtin_memcpy(&value, p, sizeof value);
    return _mm256_set1_epi32(value);
  }
  static Int dot(Int sum, Int weights, Int activations) { return _mm256_dpbusd_avx_epi32(sum, weights, activations); }
};

}  // namespace

constinit const LinearKernel linear_avxvnni = Vnni<AvxVnni>::kernel;

}  // namespace mobiedit::kernels
