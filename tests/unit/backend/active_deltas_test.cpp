#include "backend/active_deltas.h"

#include <gtest/gtest.h>

#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

class ActiveDeltasTest : public testing::Test {
 protected:
  // 64 × 96: as long as 39 pairs of columns.
  std::vector<LowRankDelta> some(int count, int rank = 1) const {
    std::vector<LowRankDelta> deltas;
    Random random(1);
    for (int i = 0; i < count; ++i) {
      const auto r = static_cast<std::size_t>(rank);
      deltas.push_back({"blk.1.ffn_down.weight", rank, std::vector<float>(96 * r), std::vector<float>(64 * r), 0.5f});
      random.fill_normal(deltas.back().a);
      random.fill_normal(deltas.back().b);
      for (float& x : deltas.back().b) x *= 0.01f;
    }
    return deltas;
  }
  std::vector<float> logits(const ActiveDeltas& active) {
    const auto tokens = model.tokenizer().encode("the soup of the day");
    std::vector<float> residual(tokens.size() * 64), out(static_cast<std::size_t>(model.config().vocab));
    const PassOptions pass{.deltas = &active};
    forward.embed(tokens, residual);
    const int rows = static_cast<int>(tokens.size()), last = rows - 1;
    const BatchSequence sequence{nullptr, 0, rows, nullptr};
    forward.run_layers({0, 4}, residual, {&sequence, 1}, pass.with_outputs({&last, 1}));
    forward.logits(std::span(residual).first(64), out, pass);
    return out;
  }

  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool{2};
  CpuForward forward{model, pool};
};

// Sums of some fifty products of about 1, in another order: 1e-6 of them, grown by the blocks above.
TEST_F(ActiveDeltasTest, ASumDoesWhatItsPartsDo) {
  for (const int rank : {1, 2}) {
    const auto deltas = some(50, rank);
    auto active = ActiveDeltas::resolve(model.config(), deltas);
    ASSERT_TRUE(active);
    const auto none = ActiveDeltas::resolve(model.config(), {});
    const auto plain = logits(*none), apart = logits(*active);
    active->merge(model.contents().isa, pool);
    ASSERT_NE(active->sum(1, ActiveDeltas::down), nullptr);
    EXPECT_TRUE(active->apart(1, ActiveDeltas::down).empty());
    EXPECT_EQ(active->at(1, ActiveDeltas::down).size(), 50U);
    const auto merged = logits(*active);
    double moved = 0;
    for (std::size_t i = 0; i < merged.size(); ++i) {
      EXPECT_NEAR(merged[i], apart[i], 1e-4);
      moved = std::max(moved, double{std::abs(merged[i] - plain[i])});
    }
    EXPECT_GT(moved, 0.05);
  }
}

TEST_F(ActiveDeltasTest, AFewStayApart) {
  const auto deltas = some(38);
  auto active = ActiveDeltas::resolve(model.config(), deltas);
  active->merge(model.contents().isa, pool);
  EXPECT_EQ(active->sum(1, ActiveDeltas::down), nullptr);
  EXPECT_EQ(active->apart(1, ActiveDeltas::down).size(), 38U);
}

TEST_F(ActiveDeltasTest, WhatComesAfterASumCountsToo) {
  const auto deltas = some(51);
  auto all = ActiveDeltas::resolve(model.config(), deltas);
  auto most = ActiveDeltas::resolve(model.config(), std::span(deltas).first(50));
  most->merge(model.contents().isa, pool);
  const auto without = logits(*most);
  ActiveDeltas copy = *most;
  ASSERT_TRUE(copy.add(deltas.back()));
  EXPECT_EQ(copy.apart(1, ActiveDeltas::down).size(), 1U);
  EXPECT_TRUE(most->apart(1, ActiveDeltas::down).empty());
  const auto with = logits(copy), apart = logits(*all);
  double moved = 0;
  for (std::size_t i = 0; i < with.size(); ++i) {
    EXPECT_NEAR(with[i], apart[i], 1e-4);
    moved = std::max(moved, double{std::abs(with[i] - without[i])});
  }
  EXPECT_GT(moved, 1e-3);
}

TEST_F(ActiveDeltasTest, RefusesWhatTheModelLacks) {
  for (const char* name : {"blk.4.ffn_down.weight", "blk.01.ffn_down.weight", "blk.+1.ffn_down.weight",
                           "blk.-1.ffn_down.weight", "blk.1.ffn_norm.weight", "blk.1.ffn_down", "blk.weight", "",
                           "blk.1ffn_down.weight", "blk.99999999999999999999.ffn_down.weight"}) {
    auto deltas = some(1);
    deltas[0].tensor = name;
    EXPECT_EQ(ActiveDeltas::resolve(model.config(), deltas).error().code, ErrorCode::usage) << name;
  }
  auto deltas = some(1);
  deltas[0].a.pop_back();
  EXPECT_EQ(ActiveDeltas::resolve(model.config(), deltas).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
