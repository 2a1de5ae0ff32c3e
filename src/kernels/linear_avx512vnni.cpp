// Matrix product with 512-bit vectors, 32 weight rows per panel.
#include "kernels/linear_vnni.h"

namespace mobiedit::kernels {
namespace {

struct Avx512 {
  using Float = __m512;
  using Int = __m512i;
  using Mask = __mmask16;
  static constexpr int lanes = 16;
  // The 32 registers hold 12 integer and 12 float sums; with two planes, 16 and 8; floats or integers alone, 24.
  static constexpr int tile_rows_groups = 6;
  static constexpr int tile_rows_two_planes = 4;
  static constexpr int tile_rows_by_row = 12;
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
  // Takes all lanes by a mask: in the form without one, GCC 12 warns of an uninitialised value of its own header.
  static Float to_float(Int v) { return _mm512_maskz_cvtepi32_ps(0xffff, v); }
  static Int load_bytes(const std::byte* p) { return _mm512_loadu_si512(p); }
  static Int broadcast_int(const std::byte* p) {
    int value;
    __builtin_memcpy(&value, p, sizeof value);
    return _mm512_set1_epi32(value);
  }
  static Int zero_int() { return _mm512_setzero_si512(); }
  static Int low_nibbles(Int v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
  static Int high_nibbles(Int v) {
    return _mm512_and_si512(_mm512_maskz_srli_epi32(0xffff, v, 4), _mm512_set1_epi8(15));
  }
  static Int add(Int a, Int b) { return _mm512_add_epi32(a, b); }
  static Int times_256(Int v) { return _mm512_maskz_slli_epi32(0xffff, v, 8); }
  static Int bits(Float v) { return _mm512_castps_si512(v); }
  static Float from_bits(Int v) { return _mm512_castsi512_ps(v); }
  static Int dot(Int sum, Int weights, const std::byte* four) {
    return _mm512_dpbusd_epi32(sum, weights, broadcast_int(four));
  }
};

}  // namespace

constinit const LinearKernel linear_avx512vnni = Vnni<Avx512>::kernel;

}  // namespace mobiedit::kernels
