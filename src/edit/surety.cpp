#include "edit/surety.h"

#include <algorithm>
#include <cmath>

#include "kernels/vector_ops.h"

namespace mobiedit {

double surety(Forward& forward, const Context& context) {
  const ModelConfig& c = forward.config();
  const int last = context.target_start, rows = last + 1;
  std::vector<float> residual(static_cast<std::size_t>(rows) * static_cast<std::size_t>(c.d));
  forward.embed(std::span(context.tokens).first(static_cast<std::size_t>(rows)), residual.data());
  const BatchSequence whole{nullptr, 0, rows, nullptr};
  forward.run_blocks(0, c.blocks, residual.data(), {&whole, 1}, {&last, 1});
  std::vector<float> logits(static_cast<std::size_t>(c.vocab));
  forward.logits(residual.data(), 1, logits.data());
  return std::exp(double{*std::ranges::max_element(logits)} - kernels::log_sum_exp(logits));
}

}  // namespace mobiedit
