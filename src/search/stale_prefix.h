// The published rule for a prompt's cached tokens: kept from the first step on, read anew when the loss hardly falls.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "search/objective.h"

namespace mobiedit {

struct StalePrefixRule {
  bool on = false;
  int steps = 3;       ///< number of steps over which the loss has to fall; 0: the tokens are never read anew
  double fall = 1e-3;  ///< the least such fall
};

/// Lets evaluations use frozen tokens for as long as it lives, except where they are asked to be exact. Does nothing
/// without `approximations`, which it borrows.
class StalePrefix {
 public:
  StalePrefix(Approximations* approximations, const StalePrefixRule& rule)
      : approximations_(approximations), rule_(rule) {
    rule_.on = rule_.on && approximations_ != nullptr;
  }
  StalePrefix(const StalePrefix&) = delete;
  StalePrefix& operator=(const StalePrefix&) = delete;
  ~StalePrefix() { exact(true); }

  /// Freezes the tokens at the first δ of a search. Errors: the objective's.
  [[nodiscard]] Status begin(std::span<const float> delta) {
    if (!rule_.on) return {};
    exact(false);
    ++evaluations_;
    return approximations_->freeze(delta);
  }
  /// Freezes them anew at δ if the rule says so. Call it after each step; `loss` is the estimated loss at δ. Errors:
  /// the objective's.
  [[nodiscard]] Status step(std::span<const float> delta, double loss) {
    if (!rule_.on || rule_.steps == 0) return {};
    losses_.push_back(loss);
    const auto n = static_cast<std::size_t>(rule_.steps);
    if (losses_.size() <= n || losses_[losses_.size() - 1 - n] - loss >= rule_.fall) return {};
    losses_.clear();
    ++evaluations_;
    return approximations_->freeze(delta);
  }
  /// On: evaluations are exact, without frozen tokens. Off: they use frozen tokens again.
  void exact(bool on) {
    if (rule_.on) approximations_->use_frozen(!on);
  }
  /// Evaluations that freezing took since the last call.
  [[nodiscard]] int take_evaluations() {
    const int n = evaluations_;
    evaluations_ = 0;
    return n;
  }

 private:
  Approximations* approximations_;
  StalePrefixRule rule_;
  std::vector<double> losses_;
  int evaluations_ = 0;
};

}  // namespace mobiedit
