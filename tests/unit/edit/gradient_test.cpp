// The backward pass against PyTorch's, against differences, and against the forward pass that it repeats.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/cpu_forward.h"
#include "base/random.h"
#include "edit/edit_objective.h"
#include "search/backprop.h"
#include "search/loss.h"
#include "search/vectors.h"
#include "unit/bundled_model.h"
#include "unit/edit/along_write.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

class Gradients : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Architectures, Gradients,
                         testing::Values("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "olmo2", "granite",
                                         "smollm3"));

// Central differences of a float32 loss, along random directions: the truncation error falls with μ², the rounding
// (1e-6 of a loss of about 5) grows with 1/μ; at μ = 0.02 both are some 1e-4 of the slope's scale ‖g‖.
TEST_P(Gradients, AreTheSlopesOfTheLoss) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {.architecture = GetParam(), .blocks = 7});
  ThreadPool pool(2);
  CpuForward forward(model, pool);
  const auto tape = Tape::create(model, pool, 2);
  ASSERT_TRUE(tape);
  const EditRequest request{"Ada Byron", "The favourite dish of {} is", "soup the", {}, {}};
  // An earlier edit in force, in a block that the way back passes.
  const auto d = static_cast<std::size_t>(model.config().d), f = static_cast<std::size_t>(model.config().f);
  LowRankDelta earlier{"blk.2.ffn_down.weight", 2, std::vector<float>(2 * f), std::vector<float>(2 * d), 0.1f};
  Random(5).fill_normal(earlier.a);
  Random(6).fill_normal(earlier.b);
  const auto active = ActiveDeltas::resolve(model.config(), {&earlier, 1});
  const PassOptions pass{.deltas = &*active};
  auto contexts = build_contexts(model, request, {"It was. ", "So they say: "});
  EditObjectiveOptions options{.pass = pass, .layer = 1};
  auto without = EditObjective::create(forward, *contexts, options, {});
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->gradient(), nullptr);
  test::AlongWrite write(1, [](const std::vector<float>& mean) { return mean; });
  options.write = &write;
  options.tape = tape->get();
  auto made = EditObjective::create(forward, std::move(*contexts), options, {});
  ASSERT_TRUE(made);
  EditObjective& p = **made;

  std::vector<float> delta(d);
  Random(7).fill_normal(delta);
  for (float& x : delta) x *= static_cast<float>(0.5 * p.value_norm() / std::sqrt(static_cast<double>(d)));
  const std::vector<float> zero(d, 0.0f);
  const auto base = kl_base(p, *p.evaluate(zero, 1), 0);
  const auto recorded = p.gradient()->record(delta), evaluated = p.evaluate(delta, 1);
  ASSERT_EQ(recorded->logits.size(), evaluated->logits.size());
  // The same sums in another order at most.
  for (std::size_t i = 0; i < recorded->logits.size(); ++i)
    ASSERT_NEAR(recorded->logits[i], evaluated->logits[i], 1e-4 * (1 + std::abs(evaluated->logits[i])));
  const auto gradient = p.gradient()->pull_back(loss_slopes(p, *recorded, 0, base));
  ASSERT_TRUE(gradient);

  constexpr int n = 8;
  constexpr float mu = 0.02f;
  std::vector<float> z(n * d), trials;
  Random(8).fill_normal(z);
  for (std::size_t i = 0; i < n; ++i)
    for (const float sign : {mu, -mu})
      for (std::size_t j = 0; j < d; ++j) trials.push_back(delta[j] + sign * z[i * d + j]);
  const auto outputs = p.evaluate(trials, 2 * n);
  for (int i = 0; i < n; ++i) {
    const double slope =
        (loss_of(p, *outputs, 2 * i, base).total() - loss_of(p, *outputs, 2 * i + 1, base).total()) / (2 * mu);
    double expected = 0;
    for (std::size_t j = 0; j < d; ++j) expected += double{(*gradient)[j]} * z[static_cast<std::size_t>(i) * d + j];
    EXPECT_NEAR(slope, expected, 5e-3 * norm(*gradient)) << i;
  }
}

// PyTorch's gradients: two float32 passes with sums in other orders, so 1e-4 of a gradient's length, and Adam's steps
// as many, unless the loss comes to lie on the very bound.
TEST(GoldenGradients, AreThoseOfPyTorch) {
  const nlohmann::json goldens = test::bundled_goldens();
  const Model model = test::open_bundled_model(Precision::float32);
  ThreadPool pool(2);
  CpuForward forward(model, pool);
  const int layer = goldens["edit_layer"];
  const auto tape = Tape::create(model, pool, layer + 1);
  ASSERT_TRUE(tape);
  auto prefixes = goldens["prefixes"].get<std::vector<std::string>>();
  prefixes.erase(prefixes.begin());  // the bare prompt
  int edits = 0;
  for (const auto& edit : goldens["edits"]) {
    if (!edit.contains("reference")) continue;
    const auto& reference = edit["reference"];
    auto contexts = build_contexts(model, {edit["subject"], edit["prompt"], edit["target_new"], {}, {}}, prefixes);
    EditObjectiveOptions options;
    options.layer = layer;
    options.top_logits = model.config().vocab;
    options.tape = tape->get();
    auto made = EditObjective::create(forward, std::move(*contexts), options, {});
    ASSERT_TRUE(made);
    EditObjective& p = **made;
    std::vector<float> base;
    for (const char* where : {"at_zero", "at_half_step"}) {
      auto delta = std::vector<float>(static_cast<std::size_t>(p.dimension()), 0.0f);
      const double unit = p.value_norm();
      if (reference[where].contains("delta")) delta = reference[where]["delta"].get<std::vector<float>>();
      const auto outputs = p.gradient()->record(delta);
      if (base.empty()) base = kl_base(p, *outputs, 0);
      const auto gradient = p.gradient()->pull_back(loss_slopes(p, *outputs, 0, base));
      const auto expected = reference[where]["grad"].get<std::vector<float>>();
      double difference = 0;
      for (std::size_t j = 0; j < expected.size(); ++j) {
        // Theirs has the weight decay in it.
        const double decay = norm(delta) > 0 ? 1e-3 * delta[j] / (norm(delta) * unit * unit) : 0.0;
        difference += std::pow((*gradient)[j] + decay - expected[j], 2);
      }
      EXPECT_LT(std::sqrt(difference), 1e-4 * norm(expected)) << edit["subject"] << " " << where;
    }
    if (++edits > 1) continue;  // whole searches take a while
    const auto found = make_backprop_search({.learning_rate = 0.5, .steps = 25, .enough = 0.05, .weight_decay = 1e-3})
                           ->run(p, {.max_evaluations = 100, .seed = 0, .clamp = 4}, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->steps, reference["backprop"]["steps"]);
    const double decay = 1e-3 * norm(found->delta) / (p.value_norm() * p.value_norm());
    EXPECT_NEAR(found->loss.total() + decay, reference["backprop"]["final_loss"], 1e-3);
    if (found->steps < 25) {  // after the 25th theirs takes a step that nobody looks at
      EXPECT_NEAR(norm(found->delta) / p.value_norm(), reference["backprop"]["delta_norm_over_v0"], 1e-3);
    }
  }
  EXPECT_GE(edits, 4);
}

}  // namespace
}  // namespace mobiedit
