#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "normal_values.h"

namespace mobiedit::kernels {
namespace {

constexpr Isa all_sets[] = {Isa::portable,    Isa::avx2,         Isa::avx_vnni,
                            Isa::avx512_vnni, Isa::neon_dotprod, Isa::neon_i8mm};

/// One sequence: keys and values [positions, width], queries and results [rows, heads * dim]. The heads' keys start at
/// `first` in a row.
struct Sequence {
  int positions, heads, dim;
  std::size_t width, first = 3;
  std::vector<float> keys, values, queries;

  Sequence(int p, int h, int d)
      : positions(p),
        heads(h),
        dim(d),
        width(static_cast<std::size_t>(d) + 8),
        keys(normal(static_cast<std::size_t>(p) * width, 1)),
        values(normal(static_cast<std::size_t>(p) * width, 2)),
        queries(normal(static_cast<std::size_t>(p * h * d), 3)) {}

  /// Rows [from, from + rows) of the sequence, of which the first `split` positions lie elsewhere.
  [[nodiscard]] std::vector<float> attend(Isa isa, int from, int rows, int split) const {
    return attend(isa, from, rows, split, 0, 0, nullptr);
  }
  [[nodiscard]] std::vector<float> attend(Isa isa, int from, int rows, int split, float cap, int window,
                                          const float* sinks) const {
    std::vector<int> lengths(static_cast<std::size_t>(rows));
    std::iota(lengths.begin(), lengths.end(), from + 1);
    const std::vector<float> key_prefix(keys.begin(), keys.begin() + split * static_cast<int>(width));
    const std::vector<float> value_prefix(values.begin(), values.begin() + split * static_cast<int>(width));
    const std::size_t at = static_cast<std::size_t>(split) * width + first;
    const KeysAndValues parts[] = {{key_prefix.data() + first, value_prefix.data() + first, split},
                                   {keys.data() + at, values.data() + at, positions - split}};
    const auto stride = static_cast<std::size_t>(heads * dim);
    std::vector<float> out(static_cast<std::size_t>(rows) * stride + 1, 77);
    AttentionScratch scratch;
    kernels::attend(isa,
                    {.queries = queries.data() + static_cast<std::size_t>(from) * stride,
                     .query_stride = stride,
                     .lengths = lengths,
                     .heads = heads,
                     .dim = dim,
                     .scale = 0.3f,
                     .cap = cap,
                     .window = window,
                     .sinks = sinks,
                     .parts = parts,
                     .kv_stride = width,
                     .out = out.data(),
                     .out_stride = stride},
                    scratch);
    EXPECT_EQ(out.back(), 77);
    out.pop_back();
    return out;
  }
};

TEST(Attention, IsThatOfItsDefinition) {
  for (const Isa isa : all_sets) {
    if (!available(isa)) continue;
    for (const auto& [positions, heads, dim] :
         {std::tuple{1, 1, 16}, std::tuple{7, 2, 20}, std::tuple{40, 4, 64}, std::tuple{97, 3, 80}}) {
      const Sequence s(positions, heads, dim);
      const std::vector<float> out = s.attend(isa, 0, positions, positions / 3);
      for (int r = 0; r < positions; ++r) {
        for (int h = 0; h < heads; ++h) {
          const std::size_t q = static_cast<std::size_t>((r * heads + h) * dim);
          std::vector<double> weights;
          double sum = 0;
          for (int p = 0; p <= r; ++p) {
            double score = 0;
            for (int i = 0; i < dim; ++i)
              score += static_cast<double>(s.queries[q + i]) * s.keys[p * s.width + s.first + i];
            sum += weights.emplace_back(std::exp(score * 0.3f));
          }
          for (int i = 0; i < dim; ++i) {
            double expected = 0;
            for (int p = 0; p <= r; ++p) expected += weights[p] / sum * s.values[p * s.width + s.first + i];
            // A score of at most 20 is off by some 2^-24 * 20 * 8 = 1e-5, its weight by as much of itself; values are
            // at most 5.
            ASSERT_NEAR(out[q + i], expected, 5e-5) << name(isa) << " " << r << " " << h << " " << i;
          }
        }
      }
    }
  }
}

// A cap of the scores, a window and sinks, each against its definition; in any tile with the same bits.
TEST(Attention, CapsWindowsAndSinks) {
  const Sequence s(97, 3, 80);
  const float sinks[] = {0.5f, -1.0f, 3.0f};
  for (const Isa isa : all_sets) {
    if (!available(isa)) continue;
    for (const auto& [cap, window, with_sinks] : {std::tuple{2.0f, 0, false}, std::tuple{0.0f, 1, false},
                                                  std::tuple{0.0f, 10, true}, std::tuple{3.0f, 33, true}}) {
      const std::vector<float> out = s.attend(isa, 0, 97, 30, cap, window, with_sinks ? sinks : nullptr);
      for (int r = 0; r < 97; ++r) {
        for (int h = 0; h < 3; ++h) {
          const std::size_t q = static_cast<std::size_t>((r * 3 + h) * 80);
          const int begin = window > 0 ? std::max(0, r + 1 - window) : 0;
          std::vector<double> weights(97, 0.0);
          double sum = with_sinks ? std::exp(sinks[h]) : 0;
          for (int p = begin; p <= r; ++p) {
            double score = 0;
            for (int i = 0; i < 80; ++i)
              score += static_cast<double>(s.queries[q + i]) * s.keys[p * s.width + s.first + i];
            score *= 0.3f;
            sum += weights[p] = std::exp(cap > 0 ? cap * std::tanh(score / cap) : score);
          }
          for (int i = 0; i < 80; ++i) {
            double expected = 0;
            for (int p = begin; p <= r; ++p) expected += weights[p] / sum * s.values[p * s.width + s.first + i];
            ASSERT_NEAR(out[q + i], expected, 5e-5) << name(isa) << " " << r << " " << h << " " << i;
          }
        }
      }
      const std::vector<float> part = s.attend(isa, 60, 20, 45, cap, window, with_sinks ? sinks : nullptr);
      EXPECT_EQ(std::memcmp(part.data(), out.data() + 60 * 240, part.size() * sizeof(float)), 0) << name(isa);
    }
  }
}

TEST(Attention, SameBitsInEveryTileAndWhereverThePrefixLies) {
  for (const Isa isa : all_sets) {
    if (!available(isa)) continue;
    const Sequence s(300, 2, 64);
    const std::vector<float> whole = s.attend(isa, 0, 300, 0);
    for (const auto& [from, rows, split] :
         {std::tuple{0, 1, 1}, std::tuple{5, 7, 3}, std::tuple{60, 64, 60}, std::tuple{299, 1, 299}}) {
      const std::vector<float> part = s.attend(isa, from, rows, split);
      EXPECT_EQ(std::memcmp(part.data(), whole.data() + from * 128, part.size() * sizeof(float)), 0)
          << name(isa) << " " << from;
    }
  }
}

// A row alone reads keys and values as they lie, with loops of its own for tails of dimensions, positions and heads.
TEST(Attention, ARowAloneHasTheBitsOfItsTile) {
  const std::vector<float> sinks = normal(13, 4);
  for (const Isa isa : all_sets) {
    if (!available(isa)) continue;
    for (const auto& [heads, dim] : {std::pair{1, 16}, std::pair{2, 20}, std::pair{3, 64}, std::pair{7, 80},
                                     std::pair{13, 40}, std::pair{4, 33}}) {
      const Sequence s(75, heads, dim);
      for (const auto& [cap, window] : {std::pair{0.0f, 0}, std::pair{2.0f, 0}, std::pair{0.0f, 20}}) {
        const float* sink = window > 0 ? sinks.data() : nullptr;
        const std::vector<float> tile = s.attend(isa, 0, 75, 0, cap, window, sink);
        for (const int row : {0, 1, 14, 15, 31, 32, 50, 74}) {
          const std::vector<float> alone = s.attend(isa, row, 1, std::min(row, 40), cap, window, sink);
          EXPECT_EQ(std::memcmp(alone.data(), tile.data() + row * heads * dim, alone.size() * sizeof(float)), 0)
              << name(isa) << " " << heads << " heads of " << dim << ", window " << window << ", row " << row;
        }
      }
    }
  }
}

}  // namespace
}  // namespace mobiedit::kernels
