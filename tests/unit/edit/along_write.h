// A rank-one write along a direction that the test chooses from the mean key.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "edit/write/rank_one.h"
#include "edit/write/write.h"
#include "kernels/vector_ops.h"

namespace mobiedit::test {

/// The mean over contexts of the key at each one's first row.
[[nodiscard]] inline std::vector<float> mean_key(std::span<const ContextRows> contexts) {
  std::vector<float> mean;
  for (const ContextRows& context : contexts) {
    const std::size_t f = context.keys.size() / static_cast<std::size_t>(context.rows);
    mean.resize(f, 0.0f);
    kernels::axpy(1.0f / static_cast<float>(contexts.size()), context.keys.first(f), mean);
  }
  return mean;
}

class AlongWrite final : public Write {
 public:
  using Choose = std::function<std::vector<float>(const std::vector<float>& mean)>;
  AlongWrite(int layer, Choose choose) : layer_(layer), choose_(std::move(choose)) {}

  [[nodiscard]] Status fit(std::span<const ContextRows> prompts) override {
    mean = mean_key(prompts);
    direction = choose_(mean);
    return {};
  }
  void strengths(const ContextRows& context, std::span<float> out) const override {
    const float whole = kernels::dot(direction, mean);
    for (std::size_t r = 0; r < out.size(); ++r)
      out[r] = kernels::dot(direction, context.keys.subspan(r * direction.size(), direction.size())) / whole;
  }
  [[nodiscard]] Update update(std::span<const float> delta) const override {
    return rank_one(layer_, delta, direction, mean);
  }

  std::vector<float> mean, direction;

 private:
  int layer_;
  Choose choose_;
};

}  // namespace mobiedit::test
