// Qwen 3, mixture of experts.
#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_qwen3moe;

Status read_qwen3moe(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto f, keys.size("expert_feed_forward_length"));
  MOBIEDIT_TRY(auto scale, keys.number("expert_weights_scale", 1.0, 1e-6, 1e6));
  for (LayerSpec& layer : c.specs) {
    layer.head_norm = HeadNorm::each_head;
    layer.experts.f = f;
    layer.experts.scale = scale == 0 ? 1.0f : static_cast<float>(scale);
  }
  return {};
}

}  // namespace mobiedit
