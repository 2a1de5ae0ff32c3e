#include "search/mobiedit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "search/stale_prefix.h"
#include "search/vectors.h"

namespace mobiedit {
namespace {

class Mobiedit final : public ValueSearch {
 public:
  explicit Mobiedit(const MobieditSettings& settings) : settings_(settings) {}

  Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                           const SearchProgress& progress) const override {
    const auto d = static_cast<std::size_t>(objective.dimension());
    const double unit = objective.value_norm(), clamp = options.clamp * unit;
    const double mu = settings_.relative_probe ? settings_.probe * unit : settings_.probe;
    const int n = settings_.directions;
    Random random(options.seed, 4);
    SearchResult result;
    result.delta.assign(d, 0.0f);
    std::vector<float>& delta = result.delta;
    if (Approximations* some = objective.approximations(); some != nullptr && settings_.static_activations)
      if (auto set = some->use_static_activations(true); !set) return std::unexpected(set.error());
    auto outputs = objective.evaluate(delta, 1);
    if (!outputs) return std::unexpected(outputs.error());
    const std::vector<float> base = kl_base(objective, *outputs, 0);
    result.loss = loss_of(objective, *outputs, 0, base);
    StalePrefix prefix(objective.approximations(),
                       {settings_.stale_prefix, settings_.refresh_steps, settings_.refresh_fall});
    if (auto begun = prefix.begin(delta); !begun) return std::unexpected(begun.error());
    int evaluations = result.evaluations = 1 + prefix.take_evaluations();
    bool stopped = false, tested = true;  // whether `loss` is that of `delta`

    std::vector<float> z(static_cast<std::size_t>(n) * d), trials;
    for (int step = 1; step <= settings_.steps && evaluations + 2 * n + 1 <= options.max_evaluations; ++step) {
      random.fill_normal(z);
      trials.clear();
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        for (const double sign : {mu, -mu})
          for (std::size_t j = 0; j < d; ++j) trials.push_back(delta[j] + static_cast<float>(sign) * z[i * d + j]);
      outputs = objective.evaluate(trials, 2 * n);
      if (!outputs) return std::unexpected(outputs.error());
      evaluations += 2 * n;
      const double rate =
          settings_.learning_rate *
          (settings_.cosine ? 0.5 * (1 + std::cos(std::numbers::pi * (step - 1) / settings_.steps)) : 1);
      std::vector<double> gradient(d);
      double mean = 0;
      for (int i = 0; i < n; ++i) {
        const auto above = loss_of(objective, *outputs, 2 * i, base),
                   below = loss_of(objective, *outputs, 2 * i + 1, base);
        mean += (above.nll + below.nll) / (2 * n);
        const double slope = (above.total() - below.total()) / (2 * mu * (settings_.average ? n : 1));
        for (std::size_t j = 0; j < d; ++j) gradient[j] += slope * z[static_cast<std::size_t>(i) * d + j];
      }
      const double length = norm(delta);
      for (std::size_t j = 0; j < d; ++j) {
        const double decay = length > 0 ? settings_.weight_decay * delta[j] / (length * unit * unit) : 0.0;
        delta[j] -= static_cast<float>(rate * (gradient[j] + decay));
      }
      clamp_length(delta, clamp);
      result.steps = step;
      tested = false;

      if (auto stepped = prefix.step(delta, mean); !stepped) return std::unexpected(stepped.error());
      evaluations += prefix.take_evaluations();
      LossParts seen;
      seen.nll = mean;
      if (settings_.test_every > 0 && step % settings_.test_every == 0) {
        prefix.exact(true);
        outputs = objective.evaluate(delta, 1);
        prefix.exact(false);
        if (!outputs) return std::unexpected(outputs.error());
        ++evaluations;
        seen = result.loss = loss_of(objective, *outputs, 0, base);
        tested = true;
        result.reached = seen.correct && least_confidence(objective, *outputs) > settings_.confidence;
      }
      stopped = progress && !progress({step, evaluations, seen});
      if (stopped || result.reached) break;
    }
    prefix.exact(true);
    if (!tested && evaluations < options.max_evaluations) {
      outputs = objective.evaluate(delta, 1);
      if (!outputs) return std::unexpected(outputs.error());
      ++evaluations;
      result.loss = loss_of(objective, *outputs, 0, base);
      result.reached = result.loss.correct;
    }
    result.evaluations = evaluations;
    return result;
  }

 private:
  // The smallest probability of any row's target token.
  [[nodiscard]] static double least_confidence(const Objective& objective, const Outputs& outputs) {
    const auto rows = objective.rows();
    const auto width = static_cast<std::size_t>(objective.kept()) + 1;
    double least = 1;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (rows[r].target < 0) continue;
      const float* logits = outputs.logits.data() + r * width;
      double sum = 0;
      for (std::size_t i = 0; i < width; ++i) sum += std::exp(double{logits[i]} - logits[rows[r].target]);
      least = std::min(least, 1 / sum);
    }
    return least;
  }

  MobieditSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_mobiedit_search(const MobieditSettings& settings) {
  return std::make_unique<Mobiedit>(settings);
}

}  // namespace mobiedit
