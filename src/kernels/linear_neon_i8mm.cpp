// The product by smmla, which multiplies two rows of eight bytes by two others: a vector holds eight bytes of two
// weight rows, another those of two activations, a third their four sums.
#include "kernels/linear_neon.h"

namespace mobiedit::kernels {
namespace {

struct MatrixMultiply {
  using Size = std::size_t;
  static constexpr int rows_by_row = 2;

  static constexpr Size at(Size row, Size i) { return i / 8 * 128 + row / 2 * 16 + row % 2 * 8 + i % 8; }

  template <int Rows>
  struct Sums {
    static_assert(Rows <= 2);
    int32x4_t sums[8] = {};  // of a pair of weight rows: x0 w0, x0 w1, x1 w0, x1 w1

    template <class Weights>
    void add(const Weights& weights, const std::int8_t* x, Size stride) {
      const std::int8_t* other = x + (Rows == 2 ? stride : 0);  // a row alone goes twice
      for (Size eight = 0; eight < 2; ++eight) {
        const int8x16_t codes = vcombine_s8(vld1_s8(x + 8 * eight), vld1_s8(other + 8 * eight));
        for (Size pair = 0; pair < 8; ++pair) sums[pair] = vmmlaq_s32(sums[pair], codes, weights(8 * eight + pair));
      }
    }
    void read(int32x4_t (&out)[Rows][4]) const {
      for (Size c = 0; c < 4; ++c) {
        const int32x4_t a = sums[2 * c], b = sums[2 * c + 1];
        out[0][c] = vcombine_s32(vget_low_s32(a), vget_low_s32(b));
        if constexpr (Rows == 2) out[1][c] = vcombine_s32(vget_high_s32(a), vget_high_s32(b));
      }
    }
  };
};

}  // namespace

constinit const LinearKernel linear_neon_i8mm = Neon<MatrixMultiply>::kernel;

}  // namespace mobiedit::kernels
