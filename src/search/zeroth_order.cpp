// Zeroth order: the gradient of the loss estimated by central differences along random directions, followed by Adam.
//
//   ĝ = (1/N) Σ_i [L(δ + μ z_i) − L(δ − μ z_i)] / (2μ) · z_i
//
// With μ relative to ‖v₀‖: quantised activations turn a small absolute step into rounding noise.
#include "search/zeroth_order.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "search/stale_prefix.h"
#include "search/vectors.h"

namespace mobiedit {
namespace {

class ZerothOrder final : public ValueSearch {
 public:
  explicit ZerothOrder(const ZerothOrderSettings& settings) : settings_(settings) {}

  Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                           const SearchProgress& progress) const override {
    const auto d = static_cast<std::size_t>(objective.dimension());
    const double clamp = options.clamp * objective.value_norm();
    const double length = settings_.probe * objective.value_norm();
    const int directions = settings_.directions;
    const auto count = static_cast<std::size_t>(directions);
    Random random(options.seed, 1);
    SearchResult best;
    best.delta.assign(d, 0.0f);
    auto first = objective.evaluate(best.delta, 1);
    if (!first) return std::unexpected(first.error());
    const std::vector<float> base = kl_base(objective, *first, 0);
    best.loss = loss_of(objective, *first, 0, base);
    StalePrefix prefix(objective.approximations(),
                       {settings_.stale_prefix, settings_.refresh_steps, settings_.refresh_fall});
    if (auto begun = prefix.begin(best.delta); !begun) return std::unexpected(begun.error());
    int evaluations = best.evaluations = 1 + prefix.take_evaluations();

    std::vector<float> delta(d, 0.0f), z(d * count), trials;
    std::vector<double> gradient(d);
    Adam adam(d);
    const int per_step = 2 * directions + 1;
    for (int step = 1; evaluations + per_step <= options.max_evaluations; ++step) {
      random.fill_normal(z);
      trials.clear();
      std::vector<double> lengths(count);
      for (int i = 0; i < directions; ++i) {
        double square = 0;
        for (std::size_t j = 0; j < d; ++j) square += std::pow(z[static_cast<std::size_t>(i) * d + j], 2);
        lengths[static_cast<std::size_t>(i)] = std::sqrt(square);
        for (const double sign : {1.0, -1.0})
          for (std::size_t j = 0; j < d; ++j)
            trials.push_back(delta[j] + static_cast<float>(sign * length / std::sqrt(square)) *
                                            z[static_cast<std::size_t>(i) * d + j]);
      }
      auto outputs = objective.evaluate(trials, 2 * directions);
      if (!outputs) return std::unexpected(outputs.error());
      std::ranges::fill(gradient, 0.0);
      for (int i = 0; i < directions; ++i) {
        const double mu = length / lengths[static_cast<std::size_t>(i)];
        const double difference =
            loss_of(objective, *outputs, 2 * i, base).total() - loss_of(objective, *outputs, 2 * i + 1, base).total();
        for (std::size_t j = 0; j < d; ++j)
          gradient[j] += difference / (2 * mu * directions) * z[static_cast<std::size_t>(i) * d + j];
      }
      adam.step(gradient, settings_.learning_rate, delta);
      clamp_length(delta, clamp);

      prefix.exact(true);
      auto now = objective.evaluate(delta, 1);
      prefix.exact(false);
      if (!now) return std::unexpected(now.error());
      evaluations += per_step;
      const LossParts loss = loss_of(objective, *now, 0, base);
      if (loss.total() < best.loss.total()) {
        best.delta = delta;
        best.loss = loss;
        best.evaluations = evaluations;
      }
      best.steps = step;
      if (auto stepped = prefix.step(delta, loss.total()); !stepped) return std::unexpected(stepped.error());
      evaluations += prefix.take_evaluations();
      if (progress && !progress({step, evaluations, loss})) break;
      if (loss.correct && loss.total() < settings_.enough) {
        best.reached = true;
        break;
      }
    }
    return best;
  }

 private:
  ZerothOrderSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_zeroth_order_search(const ZerothOrderSettings& settings) {
  return std::make_unique<ZerothOrder>(settings);
}

}  // namespace mobiedit
