#include "search/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

// Row `number` of the log-probabilities that kl_base gives; empty beyond them.
std::span<const float> base_row(std::span<const float> base, std::size_t number, std::size_t width) {
  return (number + 1) * width <= base.size() ? base.subspan(number * width, width) : std::span<const float>();
}

}  // namespace

LossParts loss_of(const Objective& objective, const Outputs& outputs, int which, std::span<const float> base) {
  const auto rows = objective.rows();
  const auto width = static_cast<std::size_t>(objective.kept()) + 1;
  LossParts parts;
  parts.margin = std::numeric_limits<double>::infinity();
  std::size_t kl_rows = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::size_t row = static_cast<std::size_t>(which) * rows.size() + r;
    const std::span<const float> logits{outputs.logits.data() + row * width, width};
    const double lse = kernels::log_sum_exp(logits);
    if (rows[r].target < 0) {
      const std::span<const float> before = base_row(base, kl_rows++, width);
      double kl = 0;
      for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i] > -30.0f) kl += std::exp(double{before[i]}) * (before[i] - (logits[i] - lse));
      parts.kl += rows[r].weight * kl;
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
  std::vector<float> base;
  const auto width = static_cast<std::size_t>(objective.kept()) + 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].target >= 0) continue;
    const float* logits = outputs.logits.data() + (static_cast<std::size_t>(which) * rows.size() + r) * width;
    const float lse = kernels::log_sum_exp({logits, width});
    for (std::size_t i = 0; i < width; ++i) base.push_back(logits[i] - lse);
  }
  return base;
}

std::vector<float> loss_slopes(const Objective& objective, const Outputs& outputs, int which,
                               std::span<const float> base) {
  const auto rows = objective.rows();
  const auto width = static_cast<std::size_t>(objective.kept()) + 1;
  const auto begin =
      outputs.logits.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(which) * rows.size() * width);
  std::vector<float> slopes(begin, begin + static_cast<std::ptrdiff_t>(rows.size() * width));
  std::size_t kl_rows = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::span<float> row{slopes.data() + r * width, width};
    const bool kl = rows[r].target < 0;
    const double weight = rows[r].weight;
    const std::span<const float> before = kl ? base_row(base, kl_rows++, width) : std::span<const float>();
    const double lse = kernels::log_sum_exp(row);
    for (std::size_t i = 0; i < width; ++i) {
      const bool wanted = static_cast<int>(i) == rows[r].target;
      const double goal = kl ? (i < before.size() ? std::exp(double{before[i]}) : 0.0) : (wanted ? 1.0 : 0.0);
      row[i] = static_cast<float>(weight * (std::exp(row[i] - lse) - goal));
    }
  }
  return slopes;
}

}  // namespace mobiedit
