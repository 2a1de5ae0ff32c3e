#include "edit/statistics/mean_jacobian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "backend/cpu/cpu_forward.h"
#include "unit/edit/statistics_file.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

std::string sentences(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += i % 2 == 0 ? "Now Ada Byron" : "Then Bo";
    text += static_cast<char>('a' + i % 26);
    text += " lives in " + std::to_string(i) + " Rome. ";
  }
  return text;
}

class MeanJacobianTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool{1};
  CpuForward forward{model, pool};
};

// A direction pulled back must do what it promises: h moves along g, much more than for a random direction.
std::vector<float> through(const MeanJacobian& map, std::span<const float> row) {
  std::vector<float> out(row.size());
  map.through(row, out);
  return out;
}

TEST_F(MeanJacobianTest, PointsWhereTheStateMoves) {
  const auto made = MeanJacobian::from_text(forward, {}, model.tokenizer(), sentences(120), 1, {});
  ASSERT_TRUE(made) << made.error().message();
  const auto tokens = model.tokenizer().encode("Then Boz lives in 7");
  const std::size_t d = 64, s = 6;
  const auto state = [&](std::span<const float> delta) {
    std::vector<float> residual(tokens.size() * d), h(d);
    forward.embed(tokens, residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
    forward.run_layers({0, 2}, residual, {&sequence, 1}, {});
    for (std::size_t i = 0; i < delta.size(); ++i) residual[s * d + i] += delta[i];
    const int last = static_cast<int>(tokens.size()) - 1;
    forward.run_layers({2, 4}, residual, {&sequence, 1}, PassOptions().with_outputs({&last, 1}));
    forward.final_norm(std::span(residual).first(h.size()), h);
    return h;
  };
  const auto base = state({});
  double with_guess = 0, at_random = 0;
  Random random(3);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<float> g(d), z(d);
    random.fill_normal(g);
    random.fill_normal(z);
    const auto gain = [&](std::vector<float> direction) {
      double square = 0, along = 0;
      for (const float x : direction) square += double{x} * x;
      for (float& x : direction) x *= static_cast<float>(0.3 / std::sqrt(square));
      const auto moved = state(direction);
      for (std::size_t i = 0; i < d; ++i) along += g[i] * (moved[i] - base[i]);
      return along;
    };
    with_guess += gain(through(*made, g));
    at_random += std::abs(gain(z));
  }
  EXPECT_GT(with_guess, 1.5 * at_random);
}

TEST_F(MeanJacobianTest, ReadsWhatItWroteAndNothingFromADamagedFile) {
  const auto made = MeanJacobian::from_text(forward, {}, model.tokenizer(), sentences(60), 1, {});
  ASSERT_TRUE(made) << made.error().message();
  const auto path = folder.path() / "j";
  const auto file = test::file_of(*made, path);
  std::vector<float> g(64);
  Random(1).fill_normal(g);
  const auto again = MeanJacobian::from_file(file, 64);
  ASSERT_TRUE(again);
  EXPECT_EQ(through(*made, g), through(*again, g));
  std::vector<float> two(128), both(128);
  Random(2).fill_normal(two);
  made->through(two, both);
  const auto second = through(*made, std::span(two).subspan(64));
  // The same sums, in an order that may depend on how many rows there are.
  for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(both[64 + i], second[i], 1e-4);
  EXPECT_FALSE(MeanJacobian::from_file(file, 65));
  {
    std::fstream damaged(path, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(file.tensors()[0].offset) + 400);
    damaged.write("\xff\xff\xff\xff", 4);
  }
  EXPECT_FALSE(MeanJacobian::from_file(*gguf::File::open(path), 64));
}

TEST_F(MeanJacobianTest, WantsSentencesWithNames) {
  const auto made =
      MeanJacobian::from_text(forward, {}, model.tokenizer(), "no names in here. none at all there.", 1, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
