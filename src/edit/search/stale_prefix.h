// The published rule for a prompt's cached tokens: kept from the first step on, read anew when the loss hardly falls.
#pragma once

#include <span>
#include <vector>

#include "edit/objective.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct StalePrefixRule {
  bool on = false;
  int steps = 3;       ///< over so many the loss has to fall; 0: never read anew
  double fall = 1e-3;  ///< by so much
};

/// Evaluations of the objective use frozen tokens for as long as it lives, but where they are asked to be exact.
class StalePrefix {
 public:
  StalePrefix(Objective& objective, const StalePrefixRule& rule) : objective_(objective), rule_(rule) {}
  StalePrefix(const StalePrefix&) = delete;
  StalePrefix& operator=(const StalePrefix&) = delete;
  ~StalePrefix() { objective_.use_frozen(false); }

  /// At the first δ. Errors: the objective's.
  [[nodiscard]] Status begin(std::span<const float> delta) {
    if (!rule_.on) return {};
    objective_.use_frozen(true);
    ++evaluations_;
    return objective_.freeze(delta);
  }
  /// After a step to δ, of whose loss `loss` is an estimate. Errors: the objective's.
  [[nodiscard]] Status step(std::span<const float> delta, double loss) {
    if (!rule_.on || rule_.steps == 0) return {};
    losses_.push_back(loss);
    const auto n = static_cast<std::size_t>(rule_.steps);
    if (losses_.size() <= n || losses_[losses_.size() - 1 - n] - loss >= rule_.fall) return {};
    losses_.clear();
    ++evaluations_;
    return objective_.freeze(delta);
  }
  /// For an evaluation that is to be believed.
  void exact(bool on) { objective_.use_frozen(rule_.on && !on); }
  /// That freezing took, since this was asked last.
  [[nodiscard]] int take_evaluations() {
    const int n = evaluations_;
    evaluations_ = 0;
    return n;
  }

 private:
  Objective& objective_;
  StalePrefixRule rule_;
  std::vector<double> losses_;
  int evaluations_ = 0;
};

}  // namespace mobiedit
