#include "search/backprop.h"

#include "search/vectors.h"

namespace mobiedit {
namespace {

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
    std::vector<double> g(d);
    Adam adam(d);
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
      for (std::size_t j = 0; j < d; ++j)
        g[j] = (*slope)[j] + (length > 0 ? settings_.weight_decay * delta[j] / (length * unit * unit) : 0.0);
      adam.step(g, settings_.learning_rate, delta);
      clamp_length(delta, clamp);
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
