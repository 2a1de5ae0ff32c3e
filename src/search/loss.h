// Loss of an edit (ROME): cross-entropy of the target and KL to the unedited model, from an objective's logits.
#pragma once

#include <span>
#include <vector>

#include "search/objective.h"

namespace mobiedit {

inline constexpr double kl_weight = 0.0625;  ///< ROME's, of "{subject} is a"

struct LossParts {
  double nll = 0;        ///< weighted sum over the rows with a target, nats
  double kl = 0;         ///< KL(p₀ ‖ p_δ), weighted sum over the rows without a target
  bool correct = false;  ///< every target is the most probable token of its row
  double margin = 0;     ///< smallest lead of a target over its best rival, in nats
  [[nodiscard]] double total() const { return nll + kl; }
};

/// Loss of evaluation `which`. `base` [KL rows, kept + 1] holds the log-probabilities of rows without a target at δ =
/// 0.
[[nodiscard]] LossParts loss_of(const Objective& objective, const Outputs& outputs, int which,
                                std::span<const float> base);

/// Log-probabilities [KL rows, kept + 1] of the rows without a target, in order, in evaluation `which`.
[[nodiscard]] std::vector<float> kl_base(const Objective& objective, const Outputs& outputs, int which);

/// Derivative of total() of evaluation `which` by its logits, [rows, kept + 1].
[[nodiscard]] std::vector<float> loss_slopes(const Objective& objective, const Outputs& outputs, int which,
                                             std::span<const float> base);

}  // namespace mobiedit
