#include "edit/write/rank_one_write.h"

#include "edit/write/rank_one.h"
#include "kernels/vector_ops.h"

namespace mobiedit {

Status RankOneWrite::fit(std::span<const ContextRows> prompts) {
  std::vector<float> keys;
  mean_key_.clear();
  for (const ContextRows& prompt : prompts) {
    const std::span<const float> key = prompt.keys.first(prompt.keys.size() / static_cast<std::size_t>(prompt.rows));
    keys.insert(keys.end(), key.begin(), key.end());
    mean_key_.resize(key.size(), 0.0f);
    kernels::axpy(1.0f / static_cast<float>(prompts.size()), key, mean_key_);
  }
  direction_ = common_direction(keys, solve_(keys), static_cast<int>(prompts.size()));
  return {};
}

void RankOneWrite::strengths(const ContextRows& context, std::span<float> out) const {
  const std::size_t f = direction_.size();
  const float whole = kernels::dot(direction_, mean_key_);
  for (std::size_t r = 0; r < out.size(); ++r)
    out[r] = kernels::dot(direction_, context.keys.subspan(r * f, f)) / whole;
}

Update RankOneWrite::update(std::span<const float> delta) const {
  return rank_one(layer_, delta, direction_, mean_key_);
}

}  // namespace mobiedit
