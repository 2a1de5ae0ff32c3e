// Tensor names: a layer's tensors by role, and their spelling in GGUF files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/model/config.h"

namespace mobiedit {

/// Role of a layer's tensor.
enum class TensorRole {
  attention_norm,
  q,
  k,
  v,
  qkv,
  o,
  q_norm,
  k_norm,
  sinks,
  attention_post_norm,
  ffn_norm,
  gate,
  up,
  down,
  ffn_post_norm,
  router,
  expert_gate,
  expert_up,
  expert_down,
};

struct TensorId {
  int layer = 0;
  TensorRole role{};
  bool bias = false;

  [[nodiscard]] friend bool operator==(const TensorId&, const TensorId&) = default;
};

/// "blk.5.ffn_down.weight".
[[nodiscard]] std::string tensor_name(const TensorId& id);
/// None: no layer's tensor has this name, or its number is spelt otherwise ("+1", "01").
[[nodiscard]] std::optional<TensorId> parse_tensor_name(std::string_view name);

struct TensorSpec {
  TensorId id;
  int columns = 0;
  int rows = 1;  ///< 1: a vector; of a mixture the rows of all experts, one expert after the other
  bool required = true;
};

/// All tensors that a layer has, or may have.
[[nodiscard]] std::vector<TensorSpec> layer_tensors(const ModelConfig& config, int layer);

}  // namespace mobiedit
