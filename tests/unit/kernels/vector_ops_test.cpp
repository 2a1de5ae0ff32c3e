#include "kernels/vector_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/isa.h"
#include "kernels/vector_ops_table.h"

namespace mobiedit::kernels {
namespace {

struct Named {
  const char* name;
  const VectorOps* ops;
};

std::vector<Named> available_ops() {
  std::vector<Named> all = {{"plain", &vector_ops_plain}};
#if defined(__x86_64__)
  if (available(Isa::avx2)) all.push_back({"avx2", &vector_ops_avx2});
#endif
  return all;
}

class VectorOpsTest : public ::testing::TestWithParam<Named> {
 protected:
  const VectorOps& ops = *GetParam().ops;
};
INSTANTIATE_TEST_SUITE_P(Each, VectorOpsTest, ::testing::ValuesIn(available_ops()),
                         [](const auto& test) { return test.param.name; });

const std::size_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 31, 32, 33, 40, 64, 65, 512, 1537};
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr double epsilon = 0x1p-23;

std::vector<float> unaligned_normal(std::size_t count, std::uint64_t seed, float scale = 1) {
  std::vector<float> values(count + 1);
  Random(seed).fill_normal(values);
  for (float& value : values) value *= scale;
  return values;
}

// Each test works one float into its memory, so that nothing is aligned, and looks one float past the end.
TEST_P(VectorOpsTest, RmsNorm) {
  for (const std::size_t n : lengths) {
    const auto x = unaligned_normal(n, 1, 10), weight = unaligned_normal(n, 2);
    std::vector<float> y(n + 2, 77);
    ops.rms_norm(x.data() + 1, weight.data() + 1, 1e-5f, y.data() + 1, n);
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += std::pow(x[1 + i], 2);
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = x[1 + i] / std::sqrt(squares / n + 1e-5f) * weight[1 + i];
      EXPECT_NEAR(y[1 + i], expected, 2 * epsilon * std::abs(expected)) << n;  // three roundings of half an ulp
    }
    EXPECT_EQ(y[0], 77);
    EXPECT_EQ(y[n + 1], 77);
  }
}

TEST_P(VectorOpsTest, SiluMultiply) {
  for (const std::size_t n : lengths) {
    const auto gate = unaligned_normal(n, 1, 20), up = unaligned_normal(n, 2);
    std::vector<float> y(n + 2, 77);
    ops.silu_multiply(gate.data() + 1, up.data() + 1, y.data() + 1, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gate[1 + i];
      const double expected = g / (1 + std::exp(-g)) * up[1 + i];
      // exp within 2 ulp, then a sum, a quotient and a product of half an ulp each.
      EXPECT_NEAR(y[1 + i], expected, 4 * epsilon * std::abs(expected) + 1e-36) << g;
    }
    EXPECT_EQ(y[0], 77);
    EXPECT_EQ(y[n + 1], 77);
  }
}

TEST_P(VectorOpsTest, GeluMultiply) {
  for (const std::size_t n : lengths) {
    const auto gate = unaligned_normal(n, 1, 3), up = unaligned_normal(n, 2);
    std::vector<float> y(n + 2, 77);
    ops.gelu_multiply(gate.data() + 1, up.data() + 1, y.data() + 1, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gate[1 + i];
      const double bend = std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g));
      // The exponent is off by a few ulp of itself, at most 2^-23 * 80; far below 0 the plain 1 + tanh keeps no digits.
      EXPECT_NEAR(y[1 + i], 0.5 * g * (1 + bend) * up[1 + i], 1e-6 * (1 + std::abs(g)) * std::abs(up[1 + i])) << g;
    }
    EXPECT_EQ(y[0], 77);
    EXPECT_EQ(y[n + 1], 77);
  }
  const std::vector<float> gate = {0.0f, 20.0f, -20.0f, 200.0f, -200.0f, nan}, up(6, 1.0f);
  std::vector<float> y(6);
  ops.gelu_multiply(gate.data(), up.data(), y.data(), 6);
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 20.0f);
  EXPECT_NEAR(y[2], 0.0f, 1e-30);
  EXPECT_EQ(y[3], 200.0f);
  EXPECT_NEAR(y[4], 0.0f, 1e-30);
  EXPECT_TRUE(std::isnan(y[5]));
}

// A model that was opened with portable kernels computes with the plain operations alone.
TEST(RowOpsTest, PortableIsPlain) {
  const RowOps portable(Isa::portable);
  const auto x = unaligned_normal(1000, 1, 5), up = unaligned_normal(1000, 2);
  std::vector<float> y(x.size()), expected(x.size());
  portable.silu_multiply(x, up, y);
  vector_ops_plain.silu_multiply(x.data(), up.data(), expected.data(), x.size());
  EXPECT_EQ(y, expected);
  EXPECT_EQ(portable.dot(x, up), vector_ops_plain.dot(x.data(), up.data(), x.size()));
  y = expected = x;
  portable.softmax(y);
  vector_ops_plain.softmax(expected.data(), expected.size());
  EXPECT_EQ(y, expected);
}

TEST_P(VectorOpsTest, SiluAtTheEdges) {
  const std::vector<float> gate = {0.0f, -0.0f, 88.0f, -88.0f, 200.0f, -200.0f, 3e38f, -3e38f, infinity, nan};
  const std::vector<float> up(gate.size(), 1.0f);
  std::vector<float> y(gate.size());
  ops.silu_multiply(gate.data(), up.data(), y.data(), y.size());
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_EQ(y[2], 88.0f);
  EXPECT_NEAR(y[3], 0.0f, 1e-35);
  EXPECT_EQ(y[4], 200.0f);
  EXPECT_NEAR(y[5], 0.0f, 1e-35);
  EXPECT_EQ(y[6], 3e38f);
  EXPECT_NEAR(y[7], 0.0f, 1e-35);
  EXPECT_EQ(y[8], infinity);
  EXPECT_TRUE(std::isnan(y[9]));
}

TEST_P(VectorOpsTest, SiluMayWriteWhereItReads) {
  auto gate = unaligned_normal(100, 1);
  const auto up = unaligned_normal(100, 2);
  std::vector<float> y(101);
  ops.silu_multiply(gate.data(), up.data(), y.data(), 101);
  ops.silu_multiply(gate.data(), up.data(), gate.data(), 101);
  EXPECT_EQ(gate, y);
}

// exp itself, seen through softmax of {0, x}: x over all of its range.
TEST_P(VectorOpsTest, ExponentialIsWithinTwoUlp) {
  for (double x = -87.3; x < 0; x += 0.0137) {
    const float at = static_cast<float>(x);
    std::vector<float> y(9, at);
    y[0] = 0;
    ops.softmax(y.data(), y.size());
    const double e = std::exp(static_cast<double>(at));
    // 2 ulp of exp, one and a half for the scale 1/sum and the product with it.
    EXPECT_NEAR(y[1], e / (1 + 8 * e), 3.5 * epsilon * e / (1 + 8 * e)) << x;
    EXPECT_EQ(y[1], y[8]);  // the tail does as the body does
  }
}

TEST_P(VectorOpsTest, Softmax) {
  for (const std::size_t n : lengths) {
    const auto x = unaligned_normal(n, 1, 5);
    auto y = x;
    y.push_back(77);
    ops.softmax(y.data() + 1, n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[1 + i]));
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = std::exp(static_cast<double>(x[1 + i])) / sum;
      // x - max is rounded to half an ulp of itself, at most 2^-24 * 40 here, which exp turns into that share.
      EXPECT_NEAR(y[1 + i], expected, (40 * 0.5 + 3.5) * epsilon * expected);
    }
    EXPECT_EQ(y[0], x[0]);
    EXPECT_EQ(y[n + 1], 77);
  }
  ops.softmax(nullptr, 0);
}

TEST_P(VectorOpsTest, SoftmaxOfMaskedAndFarValues) {
  for (const std::size_t n : {3u, 8u, 11u}) {
    std::vector<float> y(n, -infinity);
    y[0] = 1000;
    y[1] = 1000;
    y[2] = -1000;
    ops.softmax(y.data(), n);
    EXPECT_EQ(y[0], 0.5f);
    EXPECT_EQ(y[1], 0.5f);
    for (std::size_t i = 2; i < n; ++i) EXPECT_EQ(y[i], 0.0f);
    y[n - 1] = nan;
    ops.softmax(y.data(), n);
    EXPECT_TRUE(std::isnan(y[0]));
  }
}

TEST_P(VectorOpsTest, LogSumExp) {
  for (const std::size_t n : lengths) {
    for (const float shift : {0.0f, 300.0f, -300.0f}) {
      auto x = unaligned_normal(n, 1, 5);
      for (float& value : x) value += shift;
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[1 + i]) - shift);
      const double expected = shift + std::log(sum);
      // Each term is off by a few ulp (see Softmax), their sum by the same share, its logarithm by that much.
      EXPECT_NEAR(ops.log_sum_exp(x.data() + 1, n), expected, 24 * epsilon + epsilon * std::abs(expected)) << n;
    }
  }
  EXPECT_EQ(ops.log_sum_exp(nullptr, 0), -infinity);
  const std::vector<float> masked(9, -infinity);
  EXPECT_EQ(ops.log_sum_exp(masked.data(), 9), -infinity);
  const std::vector<float> bad = {1, 2, 3, 4, 5, 6, 7, nan, 9};
  EXPECT_TRUE(std::isnan(ops.log_sum_exp(bad.data(), 9)));
}

TEST_P(VectorOpsTest, Dot) {
  for (const std::size_t n : lengths) {
    const auto a = unaligned_normal(n, 1), b = unaligned_normal(n, 2);
    double sum = 0;
    double magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += static_cast<double>(a[1 + i]) * b[1 + i];
      magnitude += std::abs(static_cast<double>(a[1 + i]) * b[1 + i]);
    }
    // At most n / 32 + 8 roundings on the way of each product to the sum.
    EXPECT_NEAR(ops.dot(a.data() + 1, b.data() + 1, n), sum, (n / 32 + 8) * 0x1p-24 * magnitude) << n;
  }
  EXPECT_EQ(ops.dot(nullptr, nullptr, 0), 0.0f);
}

TEST_P(VectorOpsTest, Axpy) {
  for (const std::size_t n : lengths) {
    const auto x = unaligned_normal(n, 1);
    auto y = unaligned_normal(n, 2);
    y.push_back(77);
    const auto before = y;
    ops.axpy(-1.7f, x.data() + 1, y.data() + 1, n);
    for (std::size_t i = 1; i <= n; ++i) {
      const double product = -1.7f * static_cast<double>(x[i]);
      EXPECT_NEAR(y[i], before[i] + product, epsilon * (std::abs(product) + std::abs(before[i])));
    }
    EXPECT_EQ(y[0], before[0]);
    EXPECT_EQ(y[n + 1], 77);
  }
}

TEST(VectorOps, SpansReachTheOperations) {
  std::vector<float> x = {3, 4}, weight = {1, 2}, y(2);
  rms_norm(x, weight, 0, y);
  EXPECT_NEAR(y[0], 3 / std::sqrt(12.5), 1e-6);
  EXPECT_NEAR(y[1], 8 / std::sqrt(12.5), 1e-6);
  silu_multiply(x, weight, y);
  EXPECT_NEAR(y[1], 8 / (1 + std::exp(-4.0)), 1e-5);
  EXPECT_EQ(dot(x, weight), 11);
  axpy(2, x, weight);
  EXPECT_EQ(weight[1], 10);
  EXPECT_NEAR(log_sum_exp(x), 4 + std::log1p(std::exp(-1)), 1e-6);
  softmax(x);
  EXPECT_NEAR(x[0] + x[1], 1, 1e-6);
}

}  // namespace
}  // namespace mobiedit::kernels
