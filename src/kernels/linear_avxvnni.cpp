// Matrix product with 256-bit vectors and vpdpbusd (AVX-VNNI, without AVX-512), 16 weight rows per panel.
#include "kernels/linear_vnni.h"
#include "kernels/vector256.h"

namespace mobiedit::kernels {
namespace {

struct AvxVnni : Vector256 {
  // The 16 registers hold 6 integer and 6 float sums; with two planes, 8 and 4; floats or integers alone, 12.
  static constexpr int tile_rows_groups = 3;
  static constexpr int tile_rows_two_planes = 2;
  static constexpr int tile_rows_by_row = 6;
  static constexpr int tile_rows_f32 = 6;

  static Int dot(Int sum, Int weights, const std::byte* four) {
    return _mm256_dpbusd_avx_epi32(sum, weights, broadcast_int(four));
  }
};

}  // namespace

constinit const LinearKernel linear_avxvnni = Vnni<AvxVnni>::kernel;

}  // namespace mobiedit::kernels
