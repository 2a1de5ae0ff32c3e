#include "edit/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/vector_ops.h"

namespace mobiedit {

LossParts loss_of(const Objective& objective, const Outputs& outputs, int which, std::span<const float> base) {
  const auto rows = objective.rows();
  const auto width = static_cast<std::size_t>(objective.kept()) + 1;
  LossParts parts;
  parts.correct = true;
  parts.margin = std::numeric_limits<double>::infinity();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::size_t row = static_cast<std::size_t>(which) * rows.size() + r;
    const std::span<const float> logits{outputs.logits.data() + row * width, width};
    const double lse = kernels::log_sum_exp(logits);
    if (rows[r].target < 0) {
      for (std::size_t i = 0; i < width && i < base.size(); ++i)
        if (base[i] > -30.0f) parts.kl += std::exp(double{base[i]}) * (base[i] - (logits[i] - lse));
      continue;
    }
    const auto target = static_cast<std::size_t>(rows[r].target);
    parts.nll += rows[r].weight * (lse - logits[target]);
    float rival = outputs.rest_max[row];
    for (std::size_t i = 0; i + 1 < width; ++i)
      if (i != target) rival = std::max(rival, logits[i]);
    parts.margin = std::min(parts.margin, double{logits[target]} - rival);
  }
  parts.correct = parts.margin > 0;
  return parts;
}

std::vector<float> kl_base(const Objective& objective, const Outputs& outputs, int which) {
  const auto rows = objective.rows();
  const auto width = static_cast<std::size_t>(objective.kept()) + 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].target >= 0) continue;
    const float* logits = outputs.logits.data() + (static_cast<std::size_t>(which) * rows.size() + r) * width;
    std::vector<float> base(logits, logits + width);
    const float lse = kernels::log_sum_exp(base);
    for (float& x : base) x -= lse;
    return base;
  }
  return {};
}

}  // namespace mobiedit
