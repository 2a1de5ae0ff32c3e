// Against what float32 PyTorch computes with the bundled model.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "base/random.h"
#include "edit/edit_objective.h"
#include "search/loss.h"
#include "unit/bundled_model.h"
#include "unit/edit/along_write.h"

namespace mobiedit {
namespace {

class Goldens : public testing::Test {
 protected:
  Goldens() {
    auto prefixes = goldens["prefixes"].get<std::vector<std::string>>();
    prefixes.erase(prefixes.begin());  // the bare prompt
    for (const auto& edit : goldens["edits"]) {
      if (!edit.contains("reference")) continue;
      edits.push_back(edit);
      auto contexts = build_contexts(model, {edit["subject"], edit["prompt"], edit["target_new"], {}, {}}, prefixes);
      if (!contexts) throw std::runtime_error(contexts.error().message());
      auto problem = EditObjective::create(forward, std::move(*contexts), {.layer = goldens["edit_layer"]}, {});
      if (!problem) throw std::runtime_error(problem.error().message());
      problems.push_back(std::move(*problem));
    }
  }

  nlohmann::json goldens = test::bundled_goldens();
  Model model = test::open_bundled_model(Precision::float32);
  ThreadPool pool{2};
  CpuForward forward{model, pool};
  std::vector<nlohmann::json> edits;
  std::vector<std::unique_ptr<EditObjective>> problems;
};

TEST_F(Goldens, ContextsKeysValuesAndLosses) {
  ASSERT_GE(edits.size(), 4u);
  for (std::size_t e = 0; e < edits.size(); ++e) {
    const auto& reference = edits[e]["reference"];
    const EditObjective& p = *problems[e];
    for (std::size_t i = 0; i < p.contexts().prompts.size(); ++i) {
      const Context& context = p.contexts().prompts[i];
      EXPECT_EQ(context.tokens, reference["token_ids"][i].get<std::vector<Token>>());
      EXPECT_EQ(context.subject_last, reference["subject_last"][i]);
      EXPECT_EQ(context.target_start, reference["target_start"][i]);
    }
    EXPECT_EQ(p.contexts().preserved.front().subject_last, reference["subject_last"].back());
    // Two float32 forward passes with sums in other orders: a few 1e-5 of values of size 1 to 10.
    const auto near = [](std::span<const float> ours, const nlohmann::json& theirs) {
      double worst = 0;
      for (std::size_t i = 0; i < ours.size(); ++i)
        worst = std::max(worst, std::abs(ours[i] - theirs[i].get<double>()));
      return worst;
    };
    EXPECT_LT(near(p.value(), reference["v0"]), 1e-3);
    std::vector<ContextRows> prompts;
    for (int i = 0; i < p.prompts(); ++i) prompts.push_back({p.cache().entry(i).rows, p.cache().entry(i).keys});
    EXPECT_LT(near(test::mean_key(prompts), reference["key_mean"]), 1e-3);

    auto deltas = std::vector<float>(static_cast<std::size_t>(p.dimension()), 0.0f);
    for (const auto& x : reference["at_half_step"]["delta"]) deltas.push_back(x);
    const auto outputs = problems[e]->evaluate(deltas, 2);
    const auto base = kl_base(p, *outputs, 0);
    const LossParts zero = loss_of(p, *outputs, 0, base), half = loss_of(p, *outputs, 1, base);
    EXPECT_NEAR(zero.nll, reference["at_zero"]["nll"], 1e-3);
    EXPECT_NEAR(zero.kl, 0, 1e-6);
    EXPECT_NEAR(half.nll, reference["at_half_step"]["nll"], 1e-3);
    // The tail beyond the kept logits counts as one token here, which can only lower the KL, by little.
    EXPECT_NEAR(half.kl / kl_weight, reference["at_half_step"]["kl"], 0.02 * (1 + half.kl / kl_weight));
  }
}

// An estimate from N random directions has an expected cosine of √(N/(N+d)) with the gradient, 1/3 for 64, and each
// edit's scatters about it by roughly 1/√d = 0.044; 3σ of a mean over the edits.
TEST_F(Goldens, GradientEstimatesAgree) {
  constexpr double mu = 0.01;
#ifdef __SANITIZE_ADDRESS__
  // Minutes otherwise, and what is done with memory is the same for each.
  constexpr int n = 16;
  const std::size_t tried = 1;
#else
  constexpr int n = 64;
  const std::size_t tried = edits.size();
#endif
  double sum = 0;
  for (std::size_t e = 0; e < tried; ++e) {
    EditObjective& p = *problems[e];
    const auto d = static_cast<std::size_t>(p.dimension());
    std::vector<float> z(n * d), trials;
    Random(e, 7).fill_normal(z);
    for (std::size_t i = 0; i < n; ++i)
      for (const double sign : {1.0, -1.0})
        for (std::size_t j = 0; j < d; ++j) trials.push_back(static_cast<float>(sign * mu) * z[i * d + j]);
    const auto outputs = p.evaluate(trials, 2 * n);
    const std::vector<float> zero(d, 0.0f);
    const auto base = kl_base(p, *p.evaluate(zero, 1), 0);
    std::vector<double> estimate(d);
    for (int i = 0; i < n; ++i) {
      const double slope =
          (loss_of(p, *outputs, 2 * i, base).total() - loss_of(p, *outputs, 2 * i + 1, base).total()) / (2 * mu * n);
      for (std::size_t j = 0; j < d; ++j) estimate[j] += slope * z[static_cast<std::size_t>(i) * d + j];
    }
    const auto& gradient = edits[e]["reference"]["at_zero"]["grad"];
    double along = 0, a = 0, b = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double g = gradient[j];
      along += estimate[j] * g;
      a += estimate[j] * estimate[j];
      b += g * g;
    }
    sum += along / std::sqrt(a * b);
  }
  const double expected = std::sqrt(n / (n + 512.0));
  EXPECT_NEAR(sum / static_cast<double>(tried), expected, 3 * 0.044 / std::sqrt(static_cast<double>(tried)));
}

}  // namespace
}  // namespace mobiedit
