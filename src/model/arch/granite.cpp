// Granite 3: scales of embedding, residual, scores and logits.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_granite;

Status read_granite(const Keys& keys, ModelConfig& c) {
  auto embedding = keys.number("embedding_scale", 1.0, 1e-6, 1e6);
  if (!embedding) return std::unexpected(embedding.error());
  auto residual = keys.number("residual_scale", 1.0, 1e-6, 1e6);
  if (!residual) return std::unexpected(residual.error());
  auto logit = keys.number("logit_scale", 1.0, 1e-6, 1e6);
  if (!logit) return std::unexpected(logit.error());
  auto attention = keys.number("attention.scale", 0.0, 0.0, 1e6);
  if (!attention) return std::unexpected(attention.error());
  c.embedding_scale = static_cast<float>(*embedding);
  c.logit_scale = static_cast<float>(1.0 / *logit);
  for (LayerSpec& layer : c.specs) {
    layer.rope.pairs = RopePairs::neighbours;
    layer.residual_scale = static_cast<float>(*residual);
    if (*attention > 0) layer.attention_scale = static_cast<float>(*attention);
  }
  return {};
}

}  // namespace mobiedit
