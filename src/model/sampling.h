// Sampling: chooses the next token.
#pragma once

#include <span>
#include <vector>

#include "base/random.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct TokenProbability {
  Token token;
  double log_probability;
};

/// The `count` most probable next tokens, best first; of equal ones the smaller id first. `logits`: [vocab], not empty.
[[nodiscard]] std::vector<TokenProbability> most_probable(std::span<const float> logits, int count);

/// Greedy at temperature 0, otherwise top-k, then top-p, then temperature, as llama.cpp's default chain orders them.
class Sampler {
 public:
  explicit Sampler(const GenerateOptions& options) : options_(options), random_(options.seed) {}
  [[nodiscard]] Token pick(std::span<const float> logits);

 private:
  GenerateOptions options_;
  Random random_;
  std::vector<Token> candidates_;
  std::vector<double> weights_;
};

}  // namespace mobiedit
