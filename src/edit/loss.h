// The loss of an edit, from the logits that an objective gives.
#pragma once

#include <span>
#include <vector>

#include "edit/objective.h"

namespace mobiedit {

inline constexpr double kl_weight = 0.0625;  // ROME's

struct LossParts {
  double nll = 0;        ///< weighted mean over rows, a token
  double kl = 0;         ///< KL(p₀ ‖ p_δ) on the KL row, without its weight
  bool correct = false;  ///< every target is the most probable token of its row
  double margin = 0;     ///< smallest lead of a target over its best rival, nats
  [[nodiscard]] double total() const { return nll + kl_weight * kl; }
};

/// The loss of evaluation `which`. `base` is the KL row's distribution at δ = 0: log-probabilities [kept + 1].
[[nodiscard]] LossParts loss_of(const Objective& objective, const Outputs& outputs, int which,
                                std::span<const float> base);

/// Log-probabilities [kept + 1] of the KL row in evaluation `which`; empty where there is no KL row.
[[nodiscard]] std::vector<float> kl_base(const Objective& objective, const Outputs& outputs, int which);

/// The derivative of total() of evaluation `which` by its logits, [rows, kept + 1].
[[nodiscard]] std::vector<float> loss_slopes(const Objective& objective, const Outputs& outputs, int which,
                                             std::span<const float> base);

}  // namespace mobiedit
