// Cost model: multiply-accumulates and weights of layers, derived from their tensors.
#pragma once

#include <cstdint>

#include "mobiedit/model/config.h"

namespace mobiedit {

/// Multiply-accumulates of one row in one layer's products with weights.
struct LayerCost {
  double keys_values = 0;  ///< the products for K/V, which every row of a batch needs
  double rest = 0;         ///< all others, which only the rows that go on need
  double down = 0;         ///< the down product's part of `rest`
  [[nodiscard]] double total() const { return keys_values + rest; }
};

[[nodiscard]] LayerCost layer_cost(const ModelConfig& config, int layer);
/// Sum over layers [begin, end).
[[nodiscard]] LayerCost layers_cost(const ModelConfig& config, int begin, int end);
/// Multiply-accumulates of one row's logits.
[[nodiscard]] double output_cost(const ModelConfig& config);
/// Weights in matrices of layers [begin, end); experts count whether used or not.
[[nodiscard]] std::uint64_t layer_weights(const ModelConfig& config, int begin, int end);
/// Bytes of scratch memory that one row of a batch takes in a forward pass, at most.
[[nodiscard]] std::uint64_t row_scratch(const ModelConfig& config);

}  // namespace mobiedit
