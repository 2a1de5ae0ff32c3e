#include "model/cost.h"

#include <algorithm>

#include "model/tensor_id.h"

namespace mobiedit {

LayerCost layer_cost(const ModelConfig& c, int layer) {
  LayerCost cost;
  const ExpertSpec& experts = c.spec(layer).experts;
  const double share = experts.count > 0 ? static_cast<double>(experts.used) / experts.count : 1.0;
  for (const TensorSpec& t : layer_tensors(c, layer)) {
    if (t.id.bias || t.rows == 1) continue;
    const double products = static_cast<double>(t.columns) * t.rows;
    switch (t.id.role) {
      case TensorRole::k:
      case TensorRole::v:
        cost.keys_values += products;
        break;
      case TensorRole::qkv:
        cost.keys_values += 2.0 * c.kv_size() * c.d;
        cost.rest += static_cast<double>(c.q_size()) * c.d;
        break;
      case TensorRole::expert_gate:
      case TensorRole::expert_up:
      case TensorRole::expert_down:
        cost.rest += share * products;
        break;
      case TensorRole::down:
        cost.down += products;
        cost.rest += products;
        break;
      default:
        cost.rest += products;
    }
  }
  return cost;
}

LayerCost layers_cost(const ModelConfig& c, int begin, int end) {
  LayerCost sum;
  for (int layer = begin; layer < end; ++layer) {
    const LayerCost one = layer_cost(c, layer);
    sum.keys_values += one.keys_values;
    sum.rest += one.rest;
    sum.down += one.down;
  }
  return sum;
}

double output_cost(const ModelConfig& c) {
  return static_cast<double>(c.d) * c.vocab;
}

std::uint64_t layer_weights(const ModelConfig& c, int begin, int end) {
  std::uint64_t sum = 0;
  for (int layer = begin; layer < end; ++layer)
    for (const TensorSpec& t : layer_tensors(c, layer))
      if (!t.id.bias && t.rows > 1) sum += static_cast<std::uint64_t>(t.columns) * static_cast<std::uint64_t>(t.rows);
  return sum;
}

// Residual, normed, output; Q, K, V, attended; gate and up; codes and cosines.
std::uint64_t row_scratch(const ModelConfig& c) {
  int widest = c.f;
  for (const LayerSpec& spec : c.specs) widest = std::max(widest, spec.experts.f);
  const auto d = static_cast<std::uint64_t>(c.d), f = static_cast<std::uint64_t>(widest);
  const auto q = static_cast<std::uint64_t>(c.q_size()), kv = static_cast<std::uint64_t>(c.kv_size());
  return sizeof(float) * (3 * d + 2 * q + 2 * kv + 2 * f + static_cast<std::uint64_t>(c.head_dim)) + 2 * f + f / 8;
}

}  // namespace mobiedit
