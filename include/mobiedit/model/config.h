// What a GGUF file says of the network in it.
#pragma once

#include <string>

#include "mobiedit/base/result.h"

namespace mobiedit {

namespace gguf {
class File;
}

/// Sizes and switches of a decoder-only transformer. Every count is positive and checked against the tensors.
struct ModelConfig {
  std::string architecture;  ///< "llama", "qwen2", "qwen3"
  std::string name;          ///< general.name, may be empty
  int layers = 0;            ///< L
  int d = 0;                 ///< hidden size
  int f = 0;                 ///< feed-forward size: the length of a key
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  int context = 0;          ///< longest sequence that the model was made for, tokens
  int rope_dimensions = 0;  ///< even, at most head_dim
  double rope_base = 10000.0;
  double rope_scale = 1.0;  ///< positions are multiplied by this (linear scaling, and YaRN's interpolation)
  bool yarn = false;  ///< pairs of a head below yarn_first keep their frequency, those from yarn_last on are scaled
  double yarn_first = 0, yarn_last = 0;  ///< pairs between which a ramp goes from one to the other
  float rope_magnitude = 1;              ///< cosines and sines are multiplied by this (attention factor of YaRN)
  bool rope_neox = false;                ///< pairs (i, i + half) rather than (2i, 2i + 1)
  float norm_epsilon = 1e-5f;
  bool qk_norm = false;  ///< RMSNorm on every head's query and key

  [[nodiscard]] int q_size() const { return heads * head_dim; }
  [[nodiscard]] int kv_size() const { return kv_heads * head_dim; }

  /// Errors: bad_model, naming the key and what was expected (unknown architecture, split file, mixture of experts, …).
  [[nodiscard]] static Result<ModelConfig> from_file(const gguf::File& file);
};

}  // namespace mobiedit
