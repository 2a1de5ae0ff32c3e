#include "edit/write/rank_one.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "mobiedit/edit/editor.h"

namespace mobiedit {
namespace {

// ΔW k = δ (u·k)/(u·k*), worked out in float64.
TEST(RankOne, GivesTheMeanKeyExactlyDelta) {
  constexpr std::size_t d = 24, f = 40;
  std::vector<float> delta(d), right(f), key(f), other(f);
  Random random(5);
  for (auto* v : {&delta, &right, &key, &other}) random.fill_normal(*v);
  const RankOneUpdate update = rank_one(3, delta, right, key);
  EXPECT_EQ(update.block, 3);

  const auto along = [&](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < f; ++i) sum += double{a[i]} * b[i];
    return sum;
  };
  for (const auto* k : {&key, &other}) {
    const double strength = along(right, *k) / along(right, key);
    for (std::size_t i = 0; i < d; ++i)
      // `right` was rounded to float once after the division: an error of 6e-8 of each of f terms of size about 1.
      EXPECT_NEAR(update.left[i] * along(update.right, *k), delta[i] * strength, 1e-5 * (1 + std::abs(strength)));
  }
  const LowRankDelta low = to_low_rank(update);
  EXPECT_EQ(low.tensor, "blk.3.ffn_down.weight");
  EXPECT_EQ(low.rank, 1);
  EXPECT_EQ(low.a, update.right);
  EXPECT_EQ(low.b, update.left);
}

// Five keys that are nearly one and a sixth unlike them, as a subject gives that begins a text: the mean key leaves the
// sixth almost untouched, the common direction reaches all alike.
TEST(CommonDirection, ReachesEveryContextAlike) {
  constexpr std::size_t f = 40;
  constexpr int n = 6;
  Random random(9);
  std::vector<float> shared(f), keys;
  random.fill_normal(shared);
  for (int i = 0; i < n; ++i)
    for (std::size_t j = 0; j < f; ++j)
      keys.push_back(static_cast<float>((i < 5 ? 1 : 0) * shared[j] + (i < 5 ? 0.3 : 0.5) * random.normal()));
  const auto strengths = [&](const std::vector<float>& u) {
    std::vector<double> s(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < f; ++j) s[i] += double{u[j]} * keys[i * f + j];
    return s;
  };
  std::vector<float> mean(f);
  for (std::size_t i = 0; i < keys.size(); ++i) mean[i % f] += keys[i] / n;
  EXPECT_LT(strengths(mean)[5], 0.3 * strengths(mean)[0]);
  // The ridge is 2 % of the mean key's length squared; the sixth key has about a fifth of that length squared.
  for (const double s : strengths(common_direction(keys, keys, n))) EXPECT_NEAR(s, 1.0, 0.15);
}

// Few are summed over pairs, many as the matrix that they make.
TEST(RankOne, GivesTheNormOfASum) {
  constexpr std::size_t d = 70, f = 90;
  Random random(8);
  for (const std::size_t n : {std::size_t{1}, std::size_t{5}, std::size_t{38}, std::size_t{40}, std::size_t{200}}) {
    std::vector<RankOneUpdate> updates(n, {0, std::vector<float>(d), std::vector<float>(f)});
    std::vector<double> sum(d * f, 0.0);
    std::vector<const RankOneUpdate*> places;
    for (RankOneUpdate& update : updates) {
      random.fill_normal(update.left);
      random.fill_normal(update.right);
      places.push_back(&update);
      for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < f; ++j) sum[i * f + j] += double{update.left[i]} * update.right[j];
    }
    double square = 0;
    for (const double x : sum) square += x * x;
    // Sums of n products in float32 stand behind it.
    EXPECT_NEAR(norm_of(places), std::sqrt(square), 1e-4 * std::sqrt(square)) << n;
  }
  EXPECT_EQ(norm_of({}), 0);
}

}  // namespace
}  // namespace mobiedit
