// Gemma 2: norms after attention and feed-forward, soft caps, every other layer with a window.
#include <cmath>

#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_gemma2;

Status read_gemma2(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto window, keys.size("attention.sliding_window", 4096));
  MOBIEDIT_TRY(auto attention_cap, keys.number("attn_logit_softcapping", 50.0, 1e-3, 1e6));
  MOBIEDIT_TRY(auto logit_cap, keys.number("final_logit_softcapping", 30.0, 1e-3, 1e6));
  c.embedding_scale = std::sqrt(static_cast<float>(c.d));
  c.logit_cap = static_cast<float>(logit_cap);
  // The 27 B model divides scores by the root of d per head in place of the head's own size.
  const bool largest = c.layers == 46;
  for (std::size_t i = 0; i < c.specs.size(); ++i) {
    LayerSpec& layer = c.specs[i];
    layer.attention_post_norm = layer.ffn_post_norm = true;
    layer.activation = GateActivation::gelu_tanh;
    layer.attention_cap = static_cast<float>(attention_cap);
    if (i % 2 == 0) layer.window = window;
    if (largest) layer.attention_scale = 1.0f / std::sqrt(static_cast<float>(c.d) / static_cast<float>(c.heads));
  }
  return {};
}

}  // namespace mobiedit
