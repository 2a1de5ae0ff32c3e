#include "model/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mobiedit {

Token Sampler::pick(std::span<const float> logits) {
  if (!(options_.temperature > 0)) return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());

  candidates_.resize(logits.size());
  std::iota(candidates_.begin(), candidates_.end(), Token{0});
  const std::size_t kept =
      options_.top_k > 0 ? std::min(logits.size(), static_cast<std::size_t>(options_.top_k)) : logits.size();
  const auto larger = [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(kept), candidates_.end(),
                    larger);
  candidates_.resize(kept);

  const double best = logits[static_cast<std::size_t>(candidates_.front())];
  const auto weigh = [&](double temperature) {
    weights_.clear();
    for (const Token t : candidates_)
      weights_.push_back(std::exp((logits[static_cast<std::size_t>(t)] - best) / temperature));
    return std::accumulate(weights_.begin(), weights_.end(), 0.0);
  };
  const double mass = weigh(1.0) * options_.top_p;
  double sum = 0;
  std::size_t n = 0;
  while (n < weights_.size() && sum < mass) sum += weights_[n++];
  candidates_.resize(std::max<std::size_t>(1, n));

  double left = random_.uniform() * weigh(static_cast<double>(options_.temperature));
  for (std::size_t i = 0; i + 1 < candidates_.size(); ++i) {
    left -= weights_[i];
    if (left < 0) return candidates_[i];
  }
  return candidates_.back();
}

std::vector<TokenProbability> most_probable(std::span<const float> logits, int count) {
  const float largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  const double normaliser = largest + std::log(sum);

  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
  const auto better = [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)];
    const float y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), better);
  std::vector<TokenProbability> candidates;
  for (auto token = order.begin(); token != order.begin() + kept; ++token) {
    candidates.push_back({*token, logits[static_cast<std::size_t>(*token)] - normaliser});
  }
  return candidates;
}

}  // namespace mobiedit
