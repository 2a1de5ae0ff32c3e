// Down the gradient from nothing, in steps of one length, until every target leads by enough: the path is close to the
// straight one, so that what it ends at is about as short as anything that serves (docs/method.md).
#include "edit/search/shortest.h"

#include <cmath>

#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

double norm(std::span<const float> x) {
  return std::sqrt(double{kernels::dot(x, x)});
}

class Shortest final : public ValueSearch {
 public:
  explicit Shortest(const ShortestSettings& settings) : settings_(settings) {}
  [[nodiscard]] bool needs_gradient() const override { return true; }

  Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                           const SearchProgress& progress) const override {
    Gradient* gradient = objective.gradient();
    if (!gradient)
      return fail(ErrorCode::usage, "the method 'shortest' needs a backward pass, which there is none of here", {},
                  "the methods 'subspace' and 'zo' need none");
    const double unit = objective.value_norm(), clamp = options.clamp * unit;
    std::vector<float> delta(static_cast<std::size_t>(objective.dimension()), 0.0f), base;
    SearchResult result;
    result.delta = delta;
    for (int step = 1; step <= settings_.steps + 1 && step <= options.max_evaluations; ++step) {
      auto outputs = gradient->record(delta);
      if (!outputs) return std::unexpected(outputs.error());
      if (base.empty()) base = kl_base(objective, *outputs, 0);
      result = {delta, loss_of(objective, *outputs, 0, base), false, step, step};
      result.reached = result.loss.correct;
      if (progress && !progress({step, step, result.loss})) break;
      if (result.loss.correct && result.loss.margin >= settings_.enough_margin) break;

      handicap(objective, *outputs);
      auto slope = gradient->pull_back(loss_slopes(objective, *outputs, 0, base));
      if (!slope) return std::unexpected(slope.error());
      kernels::axpy(static_cast<float>(2 * settings_.penalty / (unit * unit)), delta, *slope);
      const double steepness = norm(*slope);
      if (!(steepness > 0)) break;
      kernels::axpy(static_cast<float>(-settings_.step * unit / steepness), *slope, delta);
      if (const double length = norm(delta); length > clamp)
        for (float& x : delta) x *= static_cast<float>(clamp / length);
    }
    return result;
  }

 private:
  // A target's logit counts `margin` less than it is.
  void handicap(const Objective& objective, Outputs& outputs) const {
    const auto rows = objective.rows();
    const auto width = static_cast<std::size_t>(objective.kept()) + 1;
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].target >= 0)
        outputs.logits[r * width + static_cast<std::size_t>(rows[r].target)] -= static_cast<float>(settings_.margin);
  }

  ShortestSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_shortest_search(const ShortestSettings& settings) {
  return std::make_unique<Shortest>(settings);
}

}  // namespace mobiedit
