// Model configuration: the sizes and switches of a decoder-only transformer, read from a GGUF file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/layer_spec.h"

namespace mobiedit {

namespace gguf {
class File;
}

/// Every count is positive and checked against the tensors.
struct ModelConfig {
  std::string architecture;  ///< general.architecture: "llama", "gemma3"
  std::string name;          ///< general.name, may be empty
  int layers = 0;            ///< L
  int d = 0;                 ///< hidden size
  int f = 0;                 ///< feed-forward size, the length of a key; 0 in mixtures without a plain feed-forward
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  int context = 0;  ///< longest sequence that the model was made for, tokens
  float norm_epsilon = 1e-5f;
  float embedding_scale = 1.0f;  ///< multiplies what the embedding gives
  float logit_scale = 1.0f;      ///< multiplies the logits
  float logit_cap = 0.0f;        ///< 0: none; else logits become cap · tanh(logit / cap)
  std::vector<LayerSpec> specs;  ///< one per layer of the file, of which the first `layers` are loaded

  [[nodiscard]] int q_size() const { return heads * head_dim; }
  [[nodiscard]] int kv_size() const { return kv_heads * head_dim; }
  /// The layer's specification; `layer` must be in [0, layers).
  [[nodiscard]] const LayerSpec& spec(int layer) const { return specs[static_cast<std::size_t>(layer)]; }

  /// False for a layer that isn't there.
  [[nodiscard]] bool is_mixture(int layer) const {
    return layer >= 0 && static_cast<std::size_t>(layer) < specs.size() && spec(layer).experts.count > 0;
  }

  /// Errors: bad_model, naming the key and what was expected (unknown architecture, sizes that do not fit).
  [[nodiscard]] static Result<ModelConfig> from_file(const gguf::File& file);
};

}  // namespace mobiedit
