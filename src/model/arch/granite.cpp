// Granite 3: scales of embedding, residual, scores and logits.
#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_granite;

Status read_granite(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto embedding, keys.number("embedding_scale", 1.0, 1e-6, 1e6));
  MOBIEDIT_TRY(auto residual, keys.number("residual_scale", 1.0, 1e-6, 1e6));
  MOBIEDIT_TRY(auto logit, keys.number("logit_scale", 1.0, 1e-6, 1e6));
  MOBIEDIT_TRY(auto attention, keys.number("attention.scale", 0.0, 0.0, 1e6));
  c.embedding_scale = static_cast<float>(embedding);
  c.logit_scale = static_cast<float>(1.0 / logit);
  for (LayerSpec& layer : c.specs) {
    layer.rope.pairs = RopePairs::neighbours;
    layer.residual_scale = static_cast<float>(residual);
    if (attention > 0) layer.attention_scale = static_cast<float>(attention);
  }
  return {};
}

}  // namespace mobiedit
