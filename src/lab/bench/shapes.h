// Shapes of real models, taken from their config.json files.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mobiedit {

struct ModelShape {
  std::string_view name;
  std::string_view architecture;
  int blocks = 0;
  int d = 0;
  int f = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  int context = 0;
  double rope_base = 0;
  double norm_epsilon = 0;
  bool tied = false;  ///< one matrix is both embedding and output
  bool qkv_bias = false;
  bool qk_norm = false;
  bool rope_factors = false;  ///< scales RoPE frequencies as Llama 3 does
};

[[nodiscard]] std::span<const ModelShape> model_shapes();
/// Null for an unknown name.
[[nodiscard]] const ModelShape* find_shape(std::string_view name);

}  // namespace mobiedit
