#include "edit/edit_objective.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_forward.h"
#include "backend/cpu/weights.h"
#include "mobiedit/edit/editor.h"
#include "unit/edit/along_write.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

const EditRequest request{"Ada Byron", "The favourite dish of {} is", "soup the", {}, {}};

struct Fixture {
  explicit Fixture(const test::TinyModel& tiny)
      : model(test::open_tiny_model(folder.path() / "m.gguf", tiny)), pool(2), forward(model, pool) {}

  std::unique_ptr<EditObjective> problem(int layer) { return problem({.layer = layer}); }
  std::unique_ptr<EditObjective> problem(const EditObjectiveOptions& options) {
    auto contexts = build_contexts(model, request, {"It was. ", "So they say: "});
    auto made = EditObjective::create(forward, std::move(*contexts), options, {});
    if (!made) throw std::runtime_error(made.error().message());
    return std::move(*made);
  }

  // The same logits with no cache at all: the whole text through every block, δ added where it belongs.
  std::vector<float> recomputed(const Context& context, int layer, std::span<const float> delta, int position,
                                const PassOptions& pass = {}) {
    const auto d = static_cast<std::size_t>(model.config().d);
    std::vector<float> residual(context.tokens.size() * d);
    forward.embed(context.tokens, residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(context.tokens.size()), nullptr};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, pass);
    for (std::size_t i = 0; i < d; ++i) residual[static_cast<std::size_t>(context.subject_last) * d + i] += delta[i];
    forward.run_layers({layer + 1, model.config().layers}, residual, {&sequence, 1}, pass);
    std::vector<float> logits(static_cast<std::size_t>(model.config().vocab));
    forward.logits(std::span(residual).subspan(static_cast<std::size_t>(position) * d, d), logits, pass);
    return logits;
  }

  TemporaryFolder folder;
  Model model;
  ThreadPool pool;
  CpuForward forward;
};

class EveryBlock : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, EveryBlock, testing::Values(0, 1, 2));

// The exact cache against full recomputation, through the two numbers that survive the choice of kept logits: the
// target's logit and the log-sum-exp of all. Same float products in the same order: only exp and sums differ.
TEST_P(EveryBlock, ExactCacheEqualsFullRecomputation) {
  // Once with a vocabulary of more than one slice of the output weight.
  Fixture fixture({.padding = GetParam() == 1 ? OutputWeight::slice_rows + 77 : 0});
  const auto problem = fixture.problem(GetParam());
  constexpr int n = 3;
  const auto d = static_cast<std::size_t>(problem->dimension());
  std::vector<float> deltas(n * d);
  Random(4).fill_normal(deltas);
  const auto outputs = problem->evaluate(deltas, n);
  ASSERT_TRUE(outputs);
  const auto width = static_cast<std::size_t>(problem->kept()) + 1;
  const auto rows = problem->rows();
  const auto& contexts = problem->contexts();
  ASSERT_GT(contexts.target.size(), 1u);
  for (int which = 0; which < n; ++which) {
    std::size_t row = 0;
    for (std::size_t c = 0; c <= contexts.prompts.size(); ++c) {
      const bool kl = c == contexts.prompts.size();
      const Context& context = kl ? contexts.preserved.front() : contexts.prompts[c];
      for (std::size_t t = 0; t < (kl ? 1 : contexts.target.size()); ++t, ++row) {
        const auto logits =
            fixture.recomputed(context, GetParam(), std::span(deltas).subspan(static_cast<std::size_t>(which) * d, d),
                               context.target_start + static_cast<int>(t));
        double sum = 0, kept_sum = 0;
        for (const float x : logits) sum += std::exp(double{x});
        const float* kept = outputs->logits.data() + (static_cast<std::size_t>(which) * rows.size() + row) * width;
        for (std::size_t i = 0; i < width; ++i) kept_sum += std::exp(double{kept[i]});
        EXPECT_NEAR(std::log(kept_sum), std::log(sum), 1e-5);
        const float largest = std::max(*std::max_element(kept, kept + problem->kept()),
                                       outputs->rest_max[static_cast<std::size_t>(which) * rows.size() + row]);
        EXPECT_NEAR(largest, *std::ranges::max_element(logits), 1e-5);
        if (!kl) {
          EXPECT_NEAR(kept[rows[row].target], logits[static_cast<std::size_t>(contexts.target[t])], 1e-5);
        }
      }
    }
    EXPECT_EQ(row, rows.size());
  }
}

// Evaluations give equal logits without the cache or batches, at the price that experiments are meant to show.
TEST_P(EveryBlock, WithoutTheCacheOrBatchesNothingButTheWorkChanges) {
  Fixture fixture({});
  const auto problem = fixture.problem(GetParam());
  constexpr int n = 2;
  std::vector<float> deltas(n * static_cast<std::size_t>(problem->dimension()));
  Random(4).fill_normal(deltas);
  const auto rows = [&](bool cache, bool batched, Outputs& outputs) {
    const auto made = fixture.problem({.layer = GetParam(), .prefix_cache = cache, .batched = batched});
    const auto before = fixture.forward.work().rows;
    outputs = *made->evaluate(deltas, n);
    return fixture.forward.work().rows - before;
  };
  Outputs cached, alone, fresh;
  const auto with = rows(true, true, cached), one_by_one = rows(true, false, alone), without = rows(false, true, fresh);
  EXPECT_EQ(alone.logits, cached.logits);
  ASSERT_EQ(fresh.logits.size(), cached.logits.size());
  // Float products in the same order; attention may sum the cached part apart.
  for (std::size_t i = 0; i < fresh.logits.size(); ++i)
    EXPECT_NEAR(fresh.logits[i], cached.logits[i], 1e-5 * (1 + std::abs(fresh.logits[i])));
  EXPECT_EQ(one_by_one, with);
  std::size_t tokens = problem->contexts().preserved.front().tokens.size();
  for (const Context& context : problem->contexts().prompts) tokens += context.tokens.size();
  EXPECT_EQ(without, n * tokens * static_cast<std::size_t>(fixture.model.config().layers));
  EXPECT_LT(with, without);
}

// Batches are cut by size, not by δ: what one δ gives must not depend on how many others were asked with it.
TEST(EditObjective, BatchingChangesNothing) {
  Fixture fixture({.type = gguf::TensorType::q8_0});
  const auto problem = fixture.problem(1);
  const auto d = static_cast<std::size_t>(problem->dimension());
  constexpr int n = 23;
  std::vector<float> deltas(n * d);
  Random(4).fill_normal(deltas);
  const auto together = problem->evaluate(deltas, n);
  const std::size_t size = together->logits.size() / n;
  for (const int which : {0, 11, 22}) {
    const auto alone = problem->evaluate(std::span(deltas).subspan(static_cast<std::size_t>(which) * d, d), 1);
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_EQ(alone->logits[i], together->logits[static_cast<std::size_t>(which) * size + i]);
  }
  EXPECT_EQ(problem->evaluations(), 1 + n + 3);
}

// A probe is an evaluation's rows of one prompt and of the KL prompt, and costs one evaluation for all prompts' worth.
TEST(EditObjective, ProbesArePartsOfEvaluations) {
  Fixture fixture({.type = gguf::TensorType::q8_0});
  const auto problem = fixture.problem(1);
  const auto d = static_cast<std::size_t>(problem->dimension());
  const auto width = static_cast<std::size_t>(problem->kept()) + 1;
  const int prompts = problem->prompts(), n = 2 * prompts + 1;
  const std::size_t targets = problem->contexts().target.size();
  ASSERT_EQ(prompts, 3);
  ASSERT_EQ(problem->rows().size(), targets * 3 + 1);
  std::vector<float> deltas(static_cast<std::size_t>(n) * d);
  Random(5).fill_normal(deltas);
  const auto whole = problem->evaluate(deltas, n);
  const int before = problem->evaluations();
  const auto parts = problem->probe(deltas, n);
  EXPECT_EQ(problem->evaluations() - before, 3);
  ASSERT_TRUE(whole && parts);
  const std::size_t whole_rows = problem->rows().size(), part_rows = targets + 1;
  ASSERT_EQ(parts->logits.size(), static_cast<std::size_t>(n) * part_rows * width);
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
    for (std::size_t r = 0; r < part_rows; ++r) {
      const std::size_t row = r < targets ? i % 3 * targets + r : whole_rows - 1;
      for (std::size_t k = 0; k < width; ++k)
        ASSERT_EQ(parts->logits[(i * part_rows + r) * width + k], whole->logits[(i * whole_rows + row) * width + k]);
      ASSERT_EQ(parts->rest_max[i * part_rows + r], whole->rest_max[i * whole_rows + row]);
    }
}

// A write promises what its update will do, so both must give equal logits. They differ by what the update also does to
// tokens before s, which a search cannot see; the update here is along the part of the mean key that those tokens' keys
// lack, so nothing of it is left.
TEST(EditObjective, InjectionIsWhatTheUpdateDoes) {
  Fixture fixture({});
  const ModelConfig& c = fixture.model.config();
  const auto f = static_cast<std::size_t>(c.f), d = static_cast<std::size_t>(c.d);
  const auto contexts = build_contexts(fixture.model, request, {"It was. ", "So they say: "});
  const Context& context = contexts->prompts[0];
  const auto before = static_cast<std::size_t>(context.subject_last);

  std::vector<float> residual(before * d), keys(before * f);
  fixture.forward.embed(std::span(context.tokens).first(before), residual);
  const BatchSequence sequence{nullptr, 0, static_cast<int>(before), nullptr};
  const Capture capture{1, keys.data(), nullptr, true};
  fixture.forward.run_layers({0, 2}, residual, {&sequence, 1}, PassOptions().with_capture(capture));
  test::AlongWrite write(1, [&](const std::vector<float>& mean) {
    std::vector<double> right(mean.begin(), mean.end());
    std::vector<std::vector<double>> basis;
    for (std::size_t t = 0; t < before; ++t) {
      std::vector<double> k(keys.begin() + static_cast<std::ptrdiff_t>(t * f),
                            keys.begin() + static_cast<std::ptrdiff_t>((t + 1) * f));
      const auto remove = [&](std::vector<double>& from, const std::vector<double>& unit) {
        double along = 0;
        for (std::size_t i = 0; i < f; ++i) along += from[i] * unit[i];
        for (std::size_t i = 0; i < f; ++i) from[i] -= along * unit[i];
      };
      for (const auto& unit : basis) remove(k, unit);
      double length = 0;
      for (const double x : k) length += x * x;
      for (double& x : k) x /= std::sqrt(length);
      remove(right, k);
      basis.push_back(std::move(k));
    }
    return std::vector<float>(right.begin(), right.end());
  });
  const auto problem = fixture.problem({.layer = 1, .write = &write});
  std::vector<float> delta(d);
  Random(8).fill_normal(delta);
  const auto outputs = problem->evaluate(delta, 1);

  const LowRankDelta written = to_low_rank(std::get<RankOneUpdate>(write.update(delta)));
  const auto active = ActiveDeltas::resolve(c, {&written, 1});
  const auto logits = fixture.recomputed(context, 1, std::vector<float>(d), context.target_start, {.deltas = &*active});
  EXPECT_NEAR(outputs->logits[static_cast<std::size_t>(problem->rows()[0].target)],
              logits[static_cast<std::size_t>(problem->contexts().target[0])], 1e-3);
}

TEST(EditObjective, CanBeCancelled) {
  Fixture fixture({});
  const CancelToken cancel;
  cancel.request();
  auto contexts = build_contexts(fixture.model, request, {});
  EXPECT_EQ(EditObjective::create(fixture.forward, std::move(*contexts), {.layer = 1}, cancel).error().code,
            ErrorCode::cancelled);
}

// Frozen keys and values are exact at the δ they were frozen at; at another δ they are not, but for tokens before it.
TEST_P(EveryBlock, FrozenTokensAreExactWhereTheyWereFrozen) {
  Fixture fixture({});
  const auto problem = fixture.problem(GetParam());
  const auto d = static_cast<std::size_t>(problem->dimension());
  std::vector<float> here(d), there(d);
  Random(7).fill_normal(here);
  Random(8).fill_normal(there);
  const auto exact_here = problem->evaluate(here, 1), exact_there = problem->evaluate(there, 1);
  ASSERT_TRUE(exact_here && exact_there);
  ASSERT_TRUE(problem->approximations()->freeze(here));
  problem->approximations()->use_frozen(true);
  EXPECT_EQ(problem->evaluate(here, 1)->logits, exact_here->logits);
  const auto stale = problem->evaluate(there, 1);
  // Keys and values of the first block above are not stale, of later ones they are.
  const auto above = static_cast<std::size_t>(fixture.model.config().layers - GetParam() - 1);
  EXPECT_EQ(stale->logits == exact_there->logits, above == 1);
  // The subject itself is fresh: δ is still felt.
  const auto targets = static_cast<std::ptrdiff_t>(stale->logits.size()) - problem->kept() - 1;
  EXPECT_FALSE(std::equal(stale->logits.begin(), stale->logits.begin() + targets, exact_here->logits.begin()));
  // The KL row ends at the subject: nothing of it can be stale.
  const auto width = static_cast<std::size_t>(problem->kept()) + 1;
  EXPECT_TRUE(std::equal(stale->logits.end() - static_cast<std::ptrdiff_t>(width), stale->logits.end(),
                         exact_there->logits.end() - static_cast<std::ptrdiff_t>(width)));

  const auto same = problem->approximations()->frozen_cosines(here),
             other = problem->approximations()->frozen_cosines(there);
  ASSERT_TRUE(same && other);
  ASSERT_EQ(same->size(), above);
  for (const double cosine : *same) EXPECT_NEAR(cosine, 1, 1e-6);
  // The first layer above reads δ at the subject alone; later layers have seen it.
  EXPECT_NEAR(other->front(), 1, 1e-6);
  if (above > 1) {
    EXPECT_LT(other->back(), 0.9999);
  }

  problem->approximations()->use_frozen(false);
  EXPECT_EQ(problem->evaluate(there, 1)->logits, exact_there->logits);
}

// Static codes of 16 bits are nearly float32, where the ranges were taken; and can be left again.
TEST(EditObjective, StaticActivationsAreFineOnTheirPrompts) {
  Fixture fixture({});
  const auto problem = fixture.problem(1);
  const std::vector<float> zero(static_cast<std::size_t>(problem->dimension()), 0.0f);
  const auto exact = problem->evaluate(zero, 1);
  ASSERT_TRUE(problem->approximations()->use_static_activations(true));
  const auto rounded = problem->evaluate(zero, 1);
  ASSERT_TRUE(exact && rounded);
  double worst = 0;
  for (std::size_t i = 0; i < exact->logits.size(); ++i)
    if (std::isfinite(exact->logits[i]))
      worst = std::max(worst, std::abs(double{exact->logits[i]} - rounded->logits[i]));
  EXPECT_GT(worst, 0);
  // Logits of size 1 to 10; a code is 1/32767 of the range, four times a block.
  EXPECT_LT(worst, 1e-2);
  ASSERT_TRUE(problem->approximations()->use_static_activations(false));
  EXPECT_EQ(problem->evaluate(zero, 1)->logits, exact->logits);
}

}  // namespace
}  // namespace mobiedit
