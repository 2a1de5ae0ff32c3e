// The product by sdot, which multiplies four bytes of a weight row by four of an activation and adds all to a 32-bit
// lane: a vector holds four weight rows, the activation's four bytes are one lane of 16.
#include "kernels/linear_neon.h"

namespace mobiedit::kernels {
namespace {

struct DotProduct {
  using Size = std::size_t;
  static constexpr int rows_by_row = 4;

  static constexpr Size at(Size row, Size i) { return i / 4 * 64 + row * 4 + i % 4; }

  template <int Rows>
  struct Sums {
    int32x4_t sums[Rows][4] = {};

    template <class Weights>
    void add(const Weights& weights, const std::int8_t* x, Size stride) {
      int8x16_t codes[Rows];
      for (Size r = 0; r < Rows; ++r) codes[r] = vld1q_s8(x + r * stride);
      add_quad<0>(weights, codes);
      add_quad<1>(weights, codes);
      add_quad<2>(weights, codes);
      add_quad<3>(weights, codes);
    }
    template <int quad, class Weights>
    void add_quad(const Weights& weights, const int8x16_t (&codes)[Rows]) {
      for (Size c = 0; c < 4; ++c) {
        const int8x16_t w = weights(4 * quad + c);
        for (Size r = 0; r < Rows; ++r) sums[r][c] = vdotq_laneq_s32(sums[r][c], w, codes[r], quad);
      }
    }
    void read(int32x4_t (&out)[Rows][4]) const {
      for (Size r = 0; r < Rows; ++r) {
        for (Size c = 0; c < 4; ++c) out[r][c] = sums[r][c];
      }
    }
  };
};

}  // namespace

constinit const LinearKernel linear_neon_dotprod = Neon<DotProduct>::kernel;

}  // namespace mobiedit::kernels
