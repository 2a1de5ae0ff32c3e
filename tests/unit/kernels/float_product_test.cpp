#include "kernels/float_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace mobiedit::kernels {
namespace {

TEST(FloatProduct, IsTheSumOfProducts) {
  // Neither a whole number of tiles nor of vectors, in any direction.
  constexpr std::size_t m = 13, n = 37, k = 45;
  std::vector<float> x(m * k), w(n * k), y(m * n);
  Random(1).fill_normal(x);
  Random(2).fill_normal(w);
  float_product(x, w, k, y);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t c = 0; c < k; ++c) sum += double{x[i * k + c]} * double{w[j * k + c]};
      // 45 products of numbers about 1, each rounded to 6e-8 of a sum below 30.
      EXPECT_NEAR(y[i * n + j], sum, 1e-4) << i << ' ' << j;
    }
  }
}

TEST(FloatProduct, OfNothingIsNothing) {
  std::vector<float> w(3), y;
  float_product({}, w, 3, y);
  EXPECT_TRUE(y.empty());
}

}  // namespace
}  // namespace mobiedit::kernels
