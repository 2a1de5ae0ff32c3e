// Rank-one write (R-ROME): adds δ uᵀ to the down weight, with u a direction among keys.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "edit/write/write.h"

namespace mobiedit {

class RankOneWrite final : public Write {
 public:
  /// S k of each of `keys` [n, f], with S symmetric and positive: C⁻¹ where key statistics are known, constrained by
  /// preserved edits.
  using Solve = std::function<std::vector<float>(const std::vector<float>& keys)>;

  RankOneWrite(int layer, Solve solve) : layer_(layer), solve_(std::move(solve)) {}

  [[nodiscard]] Status fit(std::span<const ContextRows> prompts) override;
  /// (u·k)/(u·k*) for each key k, with k* the mean of the prompts' keys at the subject's last token.
  void strengths(const ContextRows& context, std::span<float> out) const override;
  [[nodiscard]] Update update(std::span<const float> delta) const override;

 private:
  int layer_;
  Solve solve_;
  std::vector<float> direction_;  // u [f]
  std::vector<float> mean_key_;   // k* [f]
};

}  // namespace mobiedit
