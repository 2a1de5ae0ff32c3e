// Gemma 3: norms after attention and feed-forward, norms of every head, five layers with a window for one without.
#include <cmath>

#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_gemma3;

Status read_gemma3(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto window, keys.size("attention.sliding_window", 1024));
  MOBIEDIT_TRY(auto local_base, keys.number("rope.freq_base_swa", 10000.0, 1.0, 1e12));
  MOBIEDIT_TRY(auto logit_cap, keys.number("final_logit_softcapping", 0.0, 0.0, 1e6));
  c.embedding_scale = std::sqrt(static_cast<float>(c.d));
  c.logit_cap = static_cast<float>(logit_cap);
  // The 27 B model divides scores by the root of d per head in place of the head's own size.
  const bool largest = c.layers == 62;
  for (std::size_t i = 0; i < c.specs.size(); ++i) {
    LayerSpec& layer = c.specs[i];
    layer.attention_post_norm = layer.ffn_post_norm = true;
    layer.head_norm = HeadNorm::each_head;
    layer.activation = GateActivation::gelu_tanh;
    if (i % 6 != 5) {
      layer.window = window;
      layer.rope.base = local_base;
      layer.rope.scale = 1.0;
    }
    if (largest) layer.attention_scale = 1.0f / std::sqrt(static_cast<float>(c.d) / static_cast<float>(c.heads));
  }
  return {};
}

}  // namespace mobiedit
