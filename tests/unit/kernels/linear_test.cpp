#include "kernels/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "normal_values.h"

namespace mobiedit::kernels {
namespace {

std::vector<Isa> available_sets() {
  std::vector<Isa> sets;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx_vnni, Isa::avx512_vnni, Isa::neon_dotprod, Isa::neon_i8mm}) {
    if (available(isa)) sets.push_back(isa);
  }
  return sets;
}

/// A weight [n, k] in each form: floats, and codes with scales.
struct Matrix {
  Matrix(int n_, int k_, std::uint64_t seed = 1) : n(n_), k(k_) {
    values = normal(static_cast<std::size_t>(n) * k, seed);
    if (k % group_size != 0) return;
    Random random(seed, 1);
    codes.resize(values.size());
    // Every code there can be, the extremes more often than their share.
    for (auto& code : codes) {
      const int draw = static_cast<int>(random.below(300));
      code = static_cast<std::int8_t>(draw < 256 ? draw - 128 : draw % 2 == 0 ? 127 : -128);
    }
    scales.resize(values.size() / group_size);
    for (auto& scale : scales) scale = static_cast<float>(random.uniform() * 0.1);
    offsets = normal(scales.size(), seed + 1);
  }

  [[nodiscard]] std::int8_t code(WeightKind kind, std::size_t at) const {
    return kind == WeightKind::int4_g32 ? static_cast<std::int8_t>(((codes[at] + 136) & 15) - 8) : codes[at];
  }

  [[nodiscard]] PackedWeight pack(Isa isa, WeightKind kind, ThreadPool& pool, bool has_offsets = false) const {
    const auto at = [this](int row) { return static_cast<std::size_t>(row) * static_cast<std::size_t>(k); };
    const bool groups = kind == WeightKind::int8_g32 || kind == WeightKind::int4_g32;
    auto weight =
        groups
            ? PackedWeight::from_groups(
                  isa, kind, n, k, has_offsets,
                  [&](int row, const PackedWeight::Groups& g) {
                    for (std::size_t i = 0; i < g.codes.size(); ++i) g.codes[i] = code(kind, at(row) + i);
                    std::copy_n(scales.begin() + at(row) / group_size, g.scales.size(), g.scales.begin());
                    std::copy_n(offsets.begin() + at(row) / group_size, g.offsets.size(), g.offsets.begin());
                  },
                  pool)
            : PackedWeight::from_floats(
                  isa, kind, n, k,
                  [&](int row, std::span<float> out) { std::copy_n(values.begin() + at(row), k, out.begin()); }, pool);
    EXPECT_TRUE(weight.has_value());
    return std::move(*weight);
  }

  int n, k;
  std::vector<float> values;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<float> offsets;
};

constexpr float untouched = -12345.0f;

constexpr WeightKind integers[] = {WeightKind::int8_g32, WeightKind::int4_g32, WeightKind::int8_row};
constexpr WeightKind all_kinds[] = {WeightKind::f32, WeightKind::int8_g32, WeightKind::int4_g32, WeightKind::int8_row};
/// Every pair of weights and activations that there is a product for.
constexpr std::pair<WeightKind, ActivationKind> all_products[] = {
    {WeightKind::f32, ActivationKind::f32},
    {WeightKind::int8_g32, ActivationKind::int8_g32},
    {WeightKind::int8_g32, ActivationKind::int16_g32},
    {WeightKind::int4_g32, ActivationKind::int8_g32},
    {WeightKind::int4_g32, ActivationKind::int16_g32},
    {WeightKind::int8_row, ActivationKind::int8_row},
};

/// y [m, n + 3]: the last three columns of a row belong to someone else and must stay `untouched`.
std::vector<float> product(const PackedWeight& weight, ActivationKind kind, const float* x, int m, std::size_t stride,
                           const float* bias, ThreadPool& pool) {
  Activations activations;
  activations.set(weight.isa(), x, m, weight.k(), stride, kind, weight.offsets() != nullptr, pool);
  const std::size_t y_stride = static_cast<std::size_t>(weight.n()) + 3;
  std::vector<float> y(y_stride * static_cast<std::size_t>(m) + 1, untouched);
  linear(weight, activations, bias, y.data(), y_stride, pool);
  return y;
}

std::vector<float> product(const PackedWeight& weight, const float* x, int m, std::size_t stride, const float* bias,
                           ThreadPool& pool) {
  return product(weight, activations_for(weight.kind()), x, m, stride, bias, pool);
}

const int ms[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 64, 97};
const int ns[] = {1, 7, 8, 16, 17, 31, 64, 65, 130};

class OnEachSet : public ::testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(Linear, OnEachSet, ::testing::ValuesIn(available_sets()), [](const auto& test) {
  std::string text(name(test.param));
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
});

TEST_P(OnEachSet, FloatProductIsThatOfItsDefinition) {
  ThreadPool pool(2);
  for (const int k : {1, 3, 31, 32, 64, 96, 257, 512, 1536}) {
    const int most = 97;
    const std::size_t stride = static_cast<std::size_t>(k) + 5;
    const std::vector<float> storage = normal(stride * most + 1, 2);
    const float* x = storage.data() + 1;  // aligned to nothing more than a float
    const std::vector<float> bias = normal(130, 3);
    for (const int n : ns) {
      const Matrix matrix(n, k);
      const PackedWeight weight = matrix.pack(GetParam(), WeightKind::f32, pool);
      for (const int m : ms) {
        const std::vector<float> y = product(weight, x, m, stride, m % 2 == 0 ? bias.data() : nullptr, pool);
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < n; ++j) {
            double sum = m % 2 == 0 ? bias[static_cast<std::size_t>(j)] : 0;
            double magnitude = std::abs(sum);
            for (int c = 0; c < k; ++c) {
              const double term =
                  static_cast<double>(x[i * stride + c]) * matrix.values[static_cast<std::size_t>(j) * k + c];
              sum += term;
              magnitude += std::abs(term);
            }
            // Each of the k + 1 roundings is at most 2^-24 of a partial sum, itself at most the sum of magnitudes.
            ASSERT_NEAR(y[i * (n + 3u) + j], sum, (k + 1) * 0x1p-24 * magnitude) << m << " " << n << " " << k;
          }
          for (int j = n; j < n + 3; ++j) ASSERT_EQ(y[i * (n + 3u) + j], untouched);
        }
      }
    }
  }
}

TEST(Linear, PlainIntegerProductIsThatOfItsDefinition) {
  ThreadPool pool(1);
  const int n = 5, k = 96, m = 3;
  const Matrix matrix(n, k);
  const std::vector<float> x = normal(static_cast<std::size_t>(m) * k, 2);
  for (const auto& [weights, activations] : all_products) {
    if (weights == WeightKind::f32) continue;
    const PackedWeight weight = matrix.pack(Isa::portable, weights, pool);
    const std::vector<float> y = product(weight, activations, x.data(), m, k, nullptr, pool);
    const int group = weights == WeightKind::int8_row ? k : 32;
    const double levels = activations == ActivationKind::int16_g32 ? int16_levels : 127;
    std::vector<float> row(k);
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        weight.row(j, row);
        double sum = 0;
        double magnitude = 0;
        for (int g = 0; g < k / group; ++g) {
          double absmax = 0;
          for (int c = group * g; c < group * (g + 1); ++c) absmax = std::max<double>(absmax, std::abs(x[i * k + c]));
          for (int c = group * g; c < group * (g + 1); ++c) {
            const double code = std::nearbyint(x[i * k + c] * levels / absmax);
            const double term = code * absmax / levels * static_cast<double>(row[c]);
            sum += term;
            magnitude += std::abs(term);
          }
        }
        // Integer sums are exact. Roundings of 2^-24: five a group (two scales, their product, the sum as a float, the
        // addition), and one in what row() gives.
        ASSERT_NEAR(y[i * (n + 3) + j], sum, (5 * (k / group) + 1) * 0x1p-24 * magnitude);
      }
    }
  }
}

// Sums within a group are exact and groups are added in one order, so there is nothing to tolerate.
TEST_P(OnEachSet, IntegerProductHasTheBitsOfThePlainOne) {
  if (GetParam() == Isa::portable) return;  // the plain one itself
  ThreadPool pool(2);
  for (const int k : {32, 64, 96, 512, 1536, 2112}) {
    const int most = 97;
    const std::size_t stride = static_cast<std::size_t>(k) + 5;
    std::vector<float> storage = normal(stride * most + 1, 2);
    float* x = storage.data() + 1;       // aligned to nothing more than a float
    std::fill_n(x, 32, 0.0f);            // a group that is all zeros
    x[stride] = 1e30f;                   // one value that dwarfs its group
    std::fill_n(x + 2 * stride, k, -3);  // the greatest sums that codes can give
    const std::vector<float> bias = normal(130, 3);
    for (const int n : ns) {
      if (k > 512 && n != 17 && n != 65) continue;  // what n does differently shows at any k
      const Matrix matrix(n, k);
      for (const auto& [weights, activations] : all_products) {
        if (weights == WeightKind::f32) continue;
        const PackedWeight weight = matrix.pack(GetParam(), weights, pool);
        const PackedWeight plain = matrix.pack(Isa::portable, weights, pool);
        const std::vector<float> expected = product(plain, activations, x, most, stride, bias.data(), pool);
        const std::vector<float> unbiased = product(plain, activations, x, most, stride, nullptr, pool);
        for (const int m : ms) {
          const float* b = m % 2 == 0 ? bias.data() : nullptr;
          const std::vector<float>& whole = b != nullptr ? expected : unbiased;
          const std::vector<float> y = product(weight, activations, x, m, stride, b, pool);
          for (std::size_t i = 0; i < static_cast<std::size_t>(m) * (n + 3); ++i) {
            ASSERT_EQ(y[i], whole[i]) << m << " " << n << " " << k << " kind " << static_cast<int>(weights);
          }
          ASSERT_EQ(y.back(), untouched);
        }
      }
    }
  }
}

TEST_P(OnEachSet, FourBitsGiveWhatTheSameCodesGiveAsBytes) {
  ThreadPool pool(1);
  const int n = 37, k = 160, m = 9;
  Matrix matrix(n, k);
  const PackedWeight nibbles = matrix.pack(GetParam(), WeightKind::int4_g32, pool);
  for (std::size_t i = 0; i < matrix.codes.size(); ++i) matrix.codes[i] = matrix.code(WeightKind::int4_g32, i);
  const PackedWeight bytes = matrix.pack(GetParam(), WeightKind::int8_g32, pool);
  const std::vector<float> x = normal(m * k, 2);
  for (const ActivationKind kind : {ActivationKind::int8_g32, ActivationKind::int16_g32}) {
    EXPECT_EQ(product(nibbles, kind, x.data(), m, k, nullptr, pool),
              product(bytes, kind, x.data(), m, k, nullptr, pool));
  }
}

TEST_P(OnEachSet, OffsetsOfGroupsAreAdded) {
  ThreadPool pool(2);
  for (const auto& [kind, activations] : all_products) {
    if (kind != WeightKind::int8_g32 && kind != WeightKind::int4_g32) continue;
    for (const auto& [n, k, m] : {std::tuple{1, 32, 1}, std::tuple{17, 96, 5}, std::tuple{130, 2080, 13}}) {
      const Matrix matrix(n, k);
      const PackedWeight with = matrix.pack(GetParam(), kind, pool, true);
      const PackedWeight without = matrix.pack(GetParam(), kind, pool);
      const std::vector<float> x = normal(static_cast<std::size_t>(m) * k, 4), bias = normal(n, 5);
      const auto y = product(with, activations, x.data(), m, k, bias.data(), pool);
      const auto plain = product(without, activations, x.data(), m, k, bias.data(), pool);
      std::vector<float> row(k), codes(k);
      for (int j = 0; j < n; ++j) {
        with.row(j, row);
        without.row(j, codes);
        const float* offsets = matrix.offsets.data() + static_cast<std::size_t>(j) * k / group_size;
        for (int c = 0; c < k; ++c) ASSERT_EQ(row[c], codes[c] + offsets[c / group_size]);
        for (int i = 0; i < m; ++i) {
          double added = 0, magnitude = std::abs(plain[i * (n + 3u) + j]);
          for (int c = 0; c < k; ++c) {
            const double term = static_cast<double>(offsets[c / group_size]) * x[static_cast<std::size_t>(i) * k + c];
            added += term;
            magnitude += std::abs(term);
          }
          // Some 40 roundings a group of x and k/32 of the sums, each of what was summed by then: far fewer than k + 64
          // times the sum of magnitudes; and as many again of the codes' part, which starts from another number.
          ASSERT_NEAR(y[i * (n + 3u) + j], plain[i * (n + 3u) + j] + added, (k + 64) * 0x1p-23 * magnitude);
        }
      }
    }
  }
}

TEST_P(OnEachSet, ExtremeCodesDoNotOverflow) {
  ThreadPool pool(1);
  const int n = 40, k = 64;
  Matrix matrix(n, k);
  std::fill(matrix.scales.begin(), matrix.scales.end(), 1.0f);
  std::fill(matrix.values.begin(), matrix.values.end(), -127.0f);
  for (const auto& [weights, activations] : all_products) {
    const bool four = weights == WeightKind::int4_g32;
    for (const int code : four ? std::vector<int>{-8, 7} : std::vector<int>{-127}) {
      std::fill(matrix.codes.begin(), matrix.codes.end(), static_cast<std::int8_t>(code));
      const PackedWeight weight = matrix.pack(GetParam(), weights, pool);
      const float greatest = activations == ActivationKind::int16_g32 ? int16_levels : 127;
      for (const float value : {greatest, -greatest}) {
        const std::vector<float> x(static_cast<std::size_t>(7 * k), value);
        const std::vector<float> y = product(weight, activations, x.data(), 7, k, nullptr, pool);
        for (int i = 0; i < 7; ++i) {
          for (int j = 0; j < n; ++j) {
            // Twice the exact sum of a group, which 27 bits hold, rounded to a float once.
            const auto expected = static_cast<float>(32 * code) * value;
            ASSERT_EQ(y[static_cast<std::size_t>(i * (n + 3) + j)], 2 * expected);
          }
        }
      }
    }
  }
}

// The same bits for a row whatever else is in the batch and however many threads there are.
TEST_P(OnEachSet, SameBitsInEveryBatchAndOnEveryNumberOfThreads) {
  for (const WeightKind kind : all_kinds) {
    for (const auto& [n, k] : {std::pair{65, 96}, std::pair{100, 1088}}) {
      ThreadPool one(1);
      const Matrix matrix(n, k);
      const PackedWeight weight = matrix.pack(GetParam(), kind, one);
      const int most = 230;
      const std::vector<float> x = normal(static_cast<std::size_t>(most) * k, 2);
      const std::vector<float> whole = product(weight, x.data(), most, k, nullptr, one);
      for (const int threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        for (const int first : {0, 1, 100}) {
          for (const int m : {1, 2, 3, 4, 5, 6, 7, 11, 130}) {
            const std::vector<float> part = product(weight, x.data() + first * k, m, k, nullptr, pool);
            ASSERT_EQ(std::memcmp(part.data(), whole.data() + first * (n + 3), sizeof(float) * m * (n + 3)), 0)
                << threads << " " << first << " " << m;
          }
        }
      }
    }
  }
}

TEST_P(OnEachSet, QuantisingAWeightGivesTheNearestCodes) {
  ThreadPool pool(2);
  const int n = 37, k = 160;
  const Matrix matrix(n, k);
  for (const auto& [kind, group] : {std::pair{WeightKind::int8_g32, 32}, std::pair{WeightKind::int8_row, k}}) {
    const auto weight = PackedWeight::from_floats(
        GetParam(), kind, n, k,
        [&](int row, std::span<float> out) { std::copy_n(matrix.values.begin() + row * k, k, out.begin()); }, pool);
    ASSERT_TRUE(weight);
    std::vector<float> row(k);
    for (int i = 0; i < n; ++i) {
      weight->row(i, row);
      for (int g = 0; g < k / group; ++g) {
        float absmax = 0;
        for (int c = group * g; c < group * (g + 1); ++c) absmax = std::max(absmax, std::abs(matrix.values[i * k + c]));
        for (int c = group * g; c < group * (g + 1); ++c) {
          // Half a step, and a little for the rounding of the scale and of the product.
          ASSERT_NEAR(row[c], matrix.values[i * k + c], absmax / 127 * (0.5 + 1e-4));
        }
      }
    }
  }
}

TEST_P(OnEachSet, RowsComeBackAsTheyWere) {
  ThreadPool pool(2);
  const int n = 37, k = 96;
  const Matrix matrix(n, k);
  std::vector<float> row(k), plain_row(k);
  const PackedWeight floats = matrix.pack(GetParam(), WeightKind::f32, pool);
  for (int i = 0; i < n; ++i) {
    floats.row(i, row);
    ASSERT_EQ(std::memcmp(row.data(), matrix.values.data() + i * k, k * sizeof(float)), 0);
    for (const WeightKind kind : {WeightKind::int8_g32, WeightKind::int4_g32}) {
      matrix.pack(GetParam(), kind, pool).row(i, row);
      for (int c = 0; c < k; ++c) {
        const auto at = static_cast<std::size_t>(i * k + c);
        ASSERT_EQ(row[c], static_cast<float>(matrix.code(kind, at)) * matrix.scales[at / 32]);
      }
    }
    matrix.pack(GetParam(), WeightKind::int8_row, pool).row(i, row);
    matrix.pack(Isa::portable, WeightKind::int8_row, pool).row(i, plain_row);
    ASSERT_EQ(row, plain_row);
  }
}

TEST_P(OnEachSet, WhatIsNotFiniteIsSeen) {
  ThreadPool pool(1);
  const int n = 33, k = 64, m = 7;
  const Matrix matrix(n, k);
  for (const auto& [weights, activations] : all_products) {
    const PackedWeight weight = matrix.pack(GetParam(), weights, pool);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      for (const int at : {0, 17, 63}) {
        std::vector<float> x = normal(m * k, 4);
        x[3 * k + at] = bad;
        const std::vector<float> y = product(weight, activations, x.data(), m, k, nullptr, pool);
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < n; ++j)
            ASSERT_EQ(std::isfinite(y[i * (n + 3) + j]), i != 3) << i << " " << j << " " << at;
        }
      }
    }
  }
}

TEST_P(OnEachSet, TinyActivationsAreZeroNotNaN) {
  ThreadPool pool(1);
  const int n = 9, k = 32;
  std::vector<float> x(k, 0.0f);
  x[5] = std::numeric_limits<float>::denorm_min();
  for (const auto& [weights, activations] : all_products) {
    if (weights == WeightKind::f32) continue;
    const PackedWeight weight = Matrix(n, k).pack(GetParam(), weights, pool);
    const std::vector<float> y = product(weight, activations, x.data(), 1, k, nullptr, pool);
    for (int j = 0; j < n; ++j) ASSERT_EQ(y[j], 0.0f);
  }
}

TEST_P(OnEachSet, ImpossibleShapesAreRefused) {
  ThreadPool pool(1);
  const auto refused = [&](WeightKind kind, int n, int k) {
    const auto weight = PackedWeight::from_floats(GetParam(), kind, n, k, [](int, std::span<float>) { FAIL(); }, pool);
    ASSERT_FALSE(weight);
    EXPECT_EQ(weight.error().code, ErrorCode::usage);
  };
  for (const auto& [n, k] :
       {std::pair{4, 33}, std::pair{0, 32}, std::pair{4, 0}, std::pair{-1, 32}, std::pair{4, 1 << 30}}) {
    for (const WeightKind kind : integers) refused(kind, n, k);
  }
  refused(WeightKind::int8_row, 4, (1 << 16) + 32);
  refused(WeightKind::int4_g32, 4, 32);
}

TEST_P(OnEachSet, AWeightWithItsRestIsAsExactAsItsFloatsToWideActivations) {
  ThreadPool pool(2);
  const int k = 160, m = 7;
  const std::size_t stride = k;
  const std::vector<float> x = normal(stride * m, 2), bias = normal(130, 3);
  for (const int n : ns) {
    const Matrix matrix(n, k);
    const auto packed = [&](PackedWeight::Rest rest) {
      auto weight = PackedWeight::from_floats(
          GetParam(), WeightKind::int8_g32, n, k,
          [&](int row, std::span<float> out) { std::copy_n(matrix.values.begin() + row * k, k, out.begin()); }, pool,
          nullptr, rest);
      EXPECT_TRUE(weight);
      return std::move(*weight);
    };
    const PackedWeight dropped = packed(PackedWeight::Rest::dropped), kept = packed(PackedWeight::Rest::kept);
    const auto wide = [&](const PackedWeight& weight) {
      return product(weight, ActivationKind::int16_g32, x.data(), m, stride, bias.data(), pool);
    };
    const auto coarse = wide(dropped), fine = wide(kept);
    double error_dropped = 0, error_kept = 0;
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = bias[static_cast<std::size_t>(j)];
        for (int c = 0; c < k; ++c) sum += static_cast<double>(x[i * stride + c]) * matrix.values[j * k + c];
        error_dropped += std::abs(coarse[i * (n + 3u) + j] - sum);
        error_kept += std::abs(fine[i * (n + 3u) + j] - sum);
      }
      for (int j = n; j < n + 3; ++j) ASSERT_EQ(fine[i * (n + 3u) + j], untouched);
    }
    // The rest has a 254th of the weight's step; 16-bit activations leave about as much.
    EXPECT_LT(error_kept, error_dropped / 50) << n;
    EXPECT_EQ(product(dropped, x.data(), m, stride, nullptr, pool), product(kept, x.data(), m, stride, nullptr, pool))
        << "8-bit activations read no rest";
    std::vector<float> row(k);
    kept.row(n - 1, row);
    for (int c = 0; c < k; ++c)
      EXPECT_NEAR(row[c], matrix.values[(n - 1) * k + c], 1e-4);  // normal values, steps of 4 / 127²
  }
}

// AddressSanitizer ends the process where memory would have been refused.
#if !defined(__SANITIZE_ADDRESS__)
TEST_P(OnEachSet, AWeightThatMemoryCannotHoldIsAnError) {
  ThreadPool pool(1);
  const auto weight = PackedWeight::from_floats(
      GetParam(), WeightKind::f32, 2'000'000'000, 2'000'000, [](int, std::span<float>) { FAIL(); }, pool);
  ASSERT_FALSE(weight);
  EXPECT_EQ(weight.error().code, ErrorCode::out_of_memory);
}
#endif

TEST_P(OnEachSet, PackedSizeIsThatOfTheCodesAndScales) {
  for (const auto& [n, k] : {std::pair{512, 512}, std::pair{1536, 512}, std::pair{8192, 512}, std::pair{500, 4096}}) {
    const double values = static_cast<double>(n) * k;
    for (const auto& [kind, least] : {std::pair{WeightKind::int8_g32, values * (1 + 4.0 / 32)},
                                      std::pair{WeightKind::int4_g32, values * (0.5 + 4.0 / 32)},
                                      std::pair{WeightKind::int8_row, values + 4.0 * n}}) {
      const auto bytes = static_cast<double>(PackedWeight::packed_bytes(GetParam(), kind, n, k));
      EXPECT_GE(bytes, least);
      EXPECT_LE(bytes, least * 1.12);
    }
  }
}

}  // namespace
}  // namespace mobiedit::kernels
