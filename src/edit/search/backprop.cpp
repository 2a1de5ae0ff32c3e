#include "edit/search/backprop.h"

#include <cmath>

namespace mobiedit {
namespace {

constexpr double first_decay = 0.9, second_decay = 0.999, tiny = 1e-8;

double norm(std::span<const float> x) {
  double square = 0;
  for (const float value : x) square += double{value} * value;
  return std::sqrt(square);
}

class Backprop final : public ValueSearch {
 public:
  explicit Backprop(const BackpropSettings& settings) : settings_(settings) {}
  [[nodiscard]] bool needs_gradient() const override { return true; }

  Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                           const SearchProgress& progress) const override {
    Gradient* gradient = objective.gradient();
    if (!gradient)
      return fail(ErrorCode::usage, "the method 'backprop' needs a backward pass, which there is none of here", {},
                  "the methods 'subspace' and 'zo' need none");
    const auto d = static_cast<std::size_t>(objective.dimension());
    const double unit = objective.value_norm(), clamp = options.clamp * unit;
    std::vector<float> delta(d, 0.0f), base;
    std::vector<double> m(d), v(d);
    SearchResult result;
    result.delta = delta;
    for (int step = 1; step <= settings_.steps && result.evaluations < options.max_evaluations; ++step) {
      auto outputs = gradient->record(delta);
      if (!outputs) return std::unexpected(outputs.error());
      if (base.empty()) base = kl_base(objective, *outputs, 0);
      const double length = norm(delta);
      result = {delta, loss_of(objective, *outputs, 0, base), false, step, step};
      const double loss = result.loss.total() + settings_.weight_decay * length / (unit * unit);
      result.reached = result.loss.correct;
      if (progress && !progress({step, step, result.loss})) break;
      if (loss < settings_.enough) break;

      auto slope = gradient->pull_back(loss_slopes(objective, *outputs, 0, base));
      if (!slope) return std::unexpected(slope.error());
      for (std::size_t j = 0; j < d; ++j) {
        const double g = (*slope)[j] + (length > 0 ? settings_.weight_decay * delta[j] / (length * unit * unit) : 0.0);
        m[j] = first_decay * m[j] + (1 - first_decay) * g;
        v[j] = second_decay * v[j] + (1 - second_decay) * g * g;
        const double first = m[j] / (1 - std::pow(first_decay, step));
        const double second = v[j] / (1 - std::pow(second_decay, step));
        delta[j] -= static_cast<float>(settings_.learning_rate * first / (std::sqrt(second) + tiny));
      }
      if (const double now = norm(delta); now > clamp)
        for (float& x : delta) x *= static_cast<float>(clamp / now);
    }
    return result;
  }

 private:
  BackpropSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_backprop_search(const BackpropSettings& settings) {
  return std::make_unique<Backprop>(settings);
}

}  // namespace mobiedit
