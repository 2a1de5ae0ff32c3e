// Rounding to coarser formats, and in the forward pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_forward.h"
#include "backend/cpu/round_to.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

TEST(Rounding, GroupsHaveScalesOfTheirOwn) {
  std::vector<float> x(64, 0.0f);
  x[0] = 7, x[1] = 3.4f, x[2] = -2.6f;
  x[32] = -0.07f, x[33] = 0.034f;
  round_to(NumberFormat::int4, x);
  EXPECT_EQ(x[0], 7);
  EXPECT_EQ(x[1], 3);
  EXPECT_EQ(x[2], -3);
  EXPECT_FLOAT_EQ(x[32], -0.07f);
  EXPECT_FLOAT_EQ(x[33], 0.03f);
  EXPECT_EQ(x[63], 0);
}

TEST(Rounding, StepsAreThoseOfTheFormat) {
  const auto worst = [](NumberFormat format) {
    std::vector<float> x(32), rounded;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::cos(static_cast<float>(i));
    rounded = x;
    round_to(format, rounded);
    float most = 0;
    for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::fabs(x[i] - rounded[i]));
    return most;
  };
  // Half a step of a group whose largest value is 1; a few of 32 values come near to it.
  for (const auto& [format, codes] : {std::pair{NumberFormat::int4, 7.0f}, std::pair{NumberFormat::int8, 127.0f},
                                      std::pair{NumberFormat::int16, 32767.0f}}) {
    EXPECT_LE(worst(format), 0.51f / codes);
    EXPECT_GE(worst(format), 0.2f / codes);
  }
  EXPECT_LE(worst(NumberFormat::f16), 0x1p-12f);
  EXPECT_GE(worst(NumberFormat::f16), 0x1p-14f);
  EXPECT_EQ(worst(NumberFormat::f32), 0);
}

TEST(Rounding, ARangeClips) {
  std::vector<float> x{0.5f, 2.0f, -3.0f, 1e-9f};
  round_to_range(1, x);
  EXPECT_NEAR(x[0], 0.5f, 0.5f / 32767);
  EXPECT_EQ(x[1], 1);
  EXPECT_EQ(x[2], -1);
  EXPECT_EQ(x[3], 0);
}

struct Pass {
  explicit Pass(const Model& m) : model(m), forward(m, pool) {}
  std::vector<float> residual(int end) {
    const std::vector<Token> tokens{3, 1, 4, 1, 5, 9};
    std::vector<float> r(tokens.size() * static_cast<std::size_t>(model.config().d));
    forward.embed(tokens, r);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
    forward.run_layers({0, end}, r, {&sequence, 1}, options);
    return r;
  }
  const Model& model;
  ThreadPool pool{2};
  CpuForward forward;
  PassOptions options;
};

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double square = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    square += std::pow(double{a[i]} - b[i], 2);
    all += double{b[i]} * b[i];
  }
  return std::sqrt(square / all);
}

TEST(Rounding, ReachesTheBlocksThatItNames) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.gguf";
  test::write_tiny_model(path, {});
  const auto open = [&](const Rounding& rounding) {
    auto model = Model::open(path, {.threads = 1, .precision = Precision::float32, .rounding = rounding});
    if (!model) throw std::runtime_error(model.error().message());
    return std::move(*model);
  };
  const Model plain = open({});
  const auto from_plain = [&](const Rounding& rounding, int end) {
    const Model model = open(rounding);
    return difference(Pass(model).residual(end), Pass(plain).residual(end));
  };
  constexpr int edited = 2;
  for (const auto member : {&Rounding::edited_weights, &Rounding::edited_activations}) {
    Rounding rounding{.edited_layer = edited};
    rounding.*member = NumberFormat::int8;
    EXPECT_EQ(from_plain(rounding, edited), 0);
    const double fine = from_plain(rounding, edited + 1);
    EXPECT_GT(fine, 1e-5);
    rounding.*member = NumberFormat::int4;
    EXPECT_GT(from_plain(rounding, edited + 1), 5 * fine);
  }
  for (const auto member : {&Rounding::other_weights, &Rounding::other_activations}) {
    Rounding rounding{.edited_layer = 0};
    rounding.*member = NumberFormat::int4;
    EXPECT_EQ(from_plain(rounding, 1), 0);
    EXPECT_GT(from_plain(rounding, 2), 1e-3);
  }
  const auto integers = Model::open(path, {.rounding = {.other_weights = NumberFormat::int8}});
  ASSERT_FALSE(integers);
  EXPECT_EQ(integers.error().code, ErrorCode::usage);
}

// Ranges as wide as what was seen change next to nothing; narrow ones clip.
TEST(Rounding, StaticRanges) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  const int layers = model.config().layers;
  Pass run(model);
  ActivationRanges ranges;
  run.options.measured_ranges = &ranges;
  const auto plain = run.residual(layers);
  run.options.measured_ranges = nullptr;
  ASSERT_EQ(ranges.largest.size(), static_cast<std::size_t>(4 * layers) + 1);
  EXPECT_GT(*std::min_element(ranges.largest.begin(), ranges.largest.end() - 1), 0);
  run.options.ranges = &ranges;
  // 16 codes of 15 bits and a sign: some 1e-5 of a value, four times a block.
  const double rounded = difference(run.residual(layers), plain);
  EXPECT_GT(rounded, 0);
  EXPECT_LT(rounded, 1e-3);
  for (float& x : ranges.largest) x /= 4;
  EXPECT_GT(difference(run.residual(layers), plain), 1e-2);
  run.options.ranges = nullptr;
  EXPECT_EQ(run.residual(layers), plain);
}

}  // namespace
}  // namespace mobiedit
