#include "edit/top_logits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

constexpr float no_logit = -std::numeric_limits<float>::infinity();

}  // namespace

int TopLogits::choose(std::size_t row, std::span<const float> logits, Token target) {
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), Token{0});
  const auto end = order.begin() + count_;
  std::partial_sort(order.begin(), end, order.end(), [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  int place = -1;
  if (target >= 0) {
    auto at = std::find(order.begin(), end, target);
    if (at == end) *--at = target;
    place = static_cast<int>(at - order.begin());
  }
  std::copy(order.begin(), end, tokens_.begin() + static_cast<std::ptrdiff_t>(row) * count_);
  return place;
}

void TopLogits::copy(std::size_t from, std::size_t to) {
  std::ranges::copy(tokens(from), tokens_.begin() + static_cast<std::ptrdiff_t>(to) * count_);
}

void TopLogits::take(std::size_t row, Token first, std::span<float> slice, std::span<float> out,
                     float& rest_max) const {
  const auto count = static_cast<std::size_t>(count_);
  const std::span<const Token> top = tokens(row);
  if (first == 0) rest_max = out[count] = no_logit;
  for (std::size_t k = 0; k < count; ++k) {
    const auto at = static_cast<std::size_t>(top[k] - first);
    if (top[k] < first || at >= slice.size()) continue;
    out[k] = std::exchange(slice[at], no_logit);
  }
  const float largest = *std::ranges::max_element(slice);
  if (largest == no_logit) return;
  rest_max = std::max(rest_max, largest);
  const float both[] = {out[count], kernels::log_sum_exp(slice)};
  out[count] = kernels::log_sum_exp(both);
}

void TopLogits::spread(std::size_t row, std::span<const float> slopes, std::span<float> logits) const {
  const auto count = static_cast<std::size_t>(count_);
  const std::span<const Token> top = tokens(row);
  for (const Token token : top) logits[static_cast<std::size_t>(token)] = no_logit;
  const float rest = count < logits.size() ? kernels::log_sum_exp(logits) : 0.0f;
  for (float& x : logits) x = slopes[count] * std::exp(x - rest);
  for (std::size_t k = 0; k < count; ++k) logits[static_cast<std::size_t>(top[k])] = slopes[k];
}

}  // namespace mobiedit
