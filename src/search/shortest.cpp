// Shortest value, by gradients (docs/method.md). First the search steps down the gradient, in steps of one length,
// until every target leads by the margin. Then, round by round, it shortens δ by a fixed share and follows the gradient
// along that smaller sphere until every target leads again. The last δ that does is nearly the shortest.
#include "search/shortest.h"

#include <algorithm>
#include <utility>

#include "kernels/vector_ops.h"
#include "search/vectors.h"

namespace mobiedit {
namespace {

class ShortestSearch {
 public:
  ShortestSearch(Objective& objective, Gradient& gradient, const SearchOptions& options,
                 const ShortestSettings& settings, const SearchProgress& progress)
      : objective_(objective),
        gradient_(gradient),
        options_(options),
        settings_(settings),
        progress_(progress),
        unit_(objective.value_norm()),
        delta_(static_cast<std::size_t>(objective.dimension()), 0.0f) {}

  Result<SearchResult> run() {
    result_.delta = delta_;
    const double clamp = options_.clamp * unit_;
    for (int step = 0; step <= settings_.steps; ++step) {
      const auto leads = look();
      if (!leads) return std::unexpected(leads.error());
      keep();
      if (*leads || stopped_) break;
      if (auto moved = move(settings_.step * unit_); !moved) return std::unexpected(moved.error());
      clamp_length(delta_, clamp);
    }
    while (leads_ && !stopped_) {
      const auto shorter = shorten();
      if (!shorter) return std::unexpected(shorter.error());
      if (!*shorter) break;
    }
    result_.evaluations = evaluations_;
    return std::move(result_);
  }

 private:
  // Returns true if every target leads by enough at δ. Stops the search at its last evaluation.
  Result<bool> look() {
    if (evaluations_ >= options_.max_evaluations) {
      stopped_ = true;
      return false;
    }
    auto outputs = gradient_.record(delta_);
    if (!outputs) return std::unexpected(outputs.error());
    ++evaluations_;
    outputs_ = std::move(*outputs);
    if (base_.empty()) base_ = kl_base(objective_, outputs_, 0);
    loss_ = loss_of(objective_, outputs_, 0, base_);
    if (progress_ && !progress_({evaluations_, evaluations_, loss_})) stopped_ = true;
    return loss_.correct && loss_.margin >= settings_.stop_margin;
  }

  void keep() {
    result_ = {delta_, loss_, loss_.correct, evaluations_, evaluations_};
    leads_ = loss_.correct && loss_.margin >= settings_.stop_margin;
  }

  // Takes a step of `length` down the gradient at the δ that was evaluated last.
  Status move(double length) {
    handicap();
    auto slope = gradient_.pull_back(loss_slopes(objective_, outputs_, 0, base_));
    if (!slope) return std::unexpected(slope.error());
    kernels::axpy(static_cast<float>(2 * settings_.penalty / (unit_ * unit_)), delta_, *slope);
    if (const double steepness = norm(*slope); steepness > 0)
      kernels::axpy(static_cast<float>(-length / steepness), *slope, delta_);
    return {};
  }

  // Returns true if it finds a δ that is shorter by a fixed share and still leads.
  Result<bool> shorten() {
    if (!(settings_.shrink > 0)) return false;
    const double length = std::max(0.0, 1 - settings_.shrink) * norm(result_.delta);
    delta_ = result_.delta;
    for (int attempt = 0; attempt <= settings_.turns; ++attempt) {
      scale_to(length);
      const auto leads = look();
      if (!leads) return leads;
      if (*leads) {
        keep();
        return true;
      }
      if (stopped_ || attempt == settings_.turns) break;
      if (auto moved = move(settings_.step * unit_); !moved) return std::unexpected(moved.error());
    }
    return false;
  }

  void scale_to(double length) {
    const double now = norm(delta_);
    for (float& x : delta_) x *= static_cast<float>(now > 0 ? length / now : 0.0);
  }

  // Lowers each target's logit by `margin`, so that the loss asks for such a lead.
  void handicap() {
    const auto rows = objective_.rows();
    const auto width = static_cast<std::size_t>(objective_.kept()) + 1;
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].target >= 0)
        outputs_.logits[r * width + static_cast<std::size_t>(rows[r].target)] -= static_cast<float>(settings_.margin);
  }

  Objective& objective_;
  Gradient& gradient_;
  const SearchOptions& options_;
  const ShortestSettings& settings_;
  const SearchProgress& progress_;
  double unit_;  // ‖v₀‖
  std::vector<float> delta_, base_;
  Outputs outputs_;  // at the δ that was evaluated last
  LossParts loss_;
  SearchResult result_;
  bool leads_ = false;  // true if every target leads at the result
  bool stopped_ = false;
  int evaluations_ = 0;
};

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
    return ShortestSearch(objective, *gradient, options, settings_, progress).run();
  }

 private:
  ShortestSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_shortest_search(const ShortestSettings& settings) {
  return std::make_unique<Shortest>(settings);
}

}  // namespace mobiedit
