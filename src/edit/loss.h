// Loss of an edit (ROME): cross-entropy of the target and KL to the unedited model, from an objective's logits.
#pragma once

#include <span>
#include <vector>

#include "edit/objective.h"

namespace mobiedit {

inline constexpr double kl_weight = 0.0625;  // ROME's

struct LossParts {
  double nll = 0;        ///< weighted mean over rows, nats per token
  double kl = 0;         ///< KL(p₀ ‖ p_δ) on the KL row, without its weight
  bool correct = false;  ///< every target is the most probable token of its row
  double margin = 0;     ///< smallest lead of a target over its best rival, in nats
  [[nodiscard]] double total() const { return nll + kl_weight * kl; }
};

/// Loss of evaluation `which`. `base` [kept + 1] holds the KL row's log-probabilities at δ = 0.
[[nodiscard]] LossParts loss_of(const Objective& objective, const Outputs& outputs, int which,
                                std::span<const float> base);

/// Log-probabilities [kept + 1] of the KL row in evaluation `which`; empty where there is no KL row.
[[nodiscard]] std::vector<float> kl_base(const Objective& objective, const Outputs& outputs, int which);

/// Derivative of total() of evaluation `which` by its logits, [rows, kept + 1].
[[nodiscard]] std::vector<float> loss_slopes(const Objective& objective, const Outputs& outputs, int which,
                                             std::span<const float> base);

}  // namespace mobiedit
