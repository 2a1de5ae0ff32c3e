// The product with 512-bit vectors, 32 weight rows to a panel.
#include "kernels/linear_vnni.h"

namespace mobiedit::kernels {
namespace {

struct Avx512 {
  using Float = __m512;
  using Int = __m512i;
  using Mask = __mmask16;
  static constexpr int lanes = 16;
  // 12 integer and 12 float sums of 32 registers; in float, 24.
  static constexpr int tile_rows_int8 = 6;
  static constexpr int tile_rows_f32 = 12;

  static Mask first(int n) { return static_cast<Mask>(n >= lanes ? 0xffff : n <= 0 ? 0 : (1u << n) - 1); }
  static Float zero() { return _mm512_setzero_ps(); }
  static Float load(const float* p) { return _mm512_loadu_ps(p); }
  static Float load(Mask mask, const float* p) { return _mm512_maskz_loadu_ps(mask, p); }
  static void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
  static void store(Mask mask, float* p, Float v) { _mm512_mask_storeu_ps(p, mask, v); }
  static Float broadcast(const float* p) { return _mm512_set1_ps(*p); }
  static Float multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float multiply_add(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  // All lanes by a mask: GCC 12 warns of its own header's uninitialised value in the form without one.
  static Float to_float(Int v) { return _mm512_maskz_cvtepi32_ps(0xffff, v); }
  static Int load_bytes(const std::byte* p) { return _mm512_loadu_si512(p); }
  static Int broadcast_int(const std::byte* p) {
    int value;
    __builtin_memcpy(&value, p, sizeof value);
    return _mm512_set1_epi32(value);
  }
  static Int dot(Int sum, Int weights, Int activations) { return _mm512_dpbusd_epi32(sum, weights, activations); }
};

}  // namespace

constinit const LinearKernel linear_avx512vnni = Vnni<Avx512>::kernel;

}  // namespace mobiedit::kernels
