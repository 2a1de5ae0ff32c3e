#include "edit/confidence.h"

#include <algorithm>
#include <cmath>

#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

constexpr int tokens_asked = 2;

}  // namespace

double answer_confidence(ForwardPass& forward, const PassOptions& pass, const Context& context) {
  const ModelConfig& c = forward.config();
  std::vector<Token> tokens(context.tokens.begin(), context.tokens.begin() + context.target_start + 1);
  std::vector<float> logits(static_cast<std::size_t>(c.vocab));
  double probability = 1;
  for (int i = 0; i < tokens_asked; ++i) {
    const int rows = static_cast<int>(tokens.size()), last = rows - 1;
    if (rows > c.context) break;
    std::vector<float> residual(tokens.size() * static_cast<std::size_t>(c.d));
    forward.embed(tokens, residual);
    const BatchSequence whole{nullptr, 0, rows, nullptr};
    forward.run_layers({0, c.layers}, residual, {&whole, 1}, pass.with_outputs({&last, 1}));
    forward.logits(std::span(residual).first(static_cast<std::size_t>(c.d)), logits, pass);
    const auto likeliest = std::ranges::max_element(logits);
    probability *= std::exp(double{*likeliest} - kernels::log_sum_exp(logits));
    tokens.push_back(static_cast<Token>(likeliest - logits.begin()));
  }
  return probability;
}

}  // namespace mobiedit
