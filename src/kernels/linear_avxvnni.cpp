// The product with 256-bit vectors where vpdpbusd has them without AVX-512, 16 weight rows to a panel.
#include "kernels/linear_vnni.h"
#include "kernels/vector256.h"

namespace mobiedit::kernels {
namespace {

struct AvxVnni : Vector256 {
  // 6 integer and 6 float sums of 16 registers; in float, 12.
  static constexpr int tile_rows_int8 = 3;
  static constexpr int tile_rows_f32 = 6;

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
