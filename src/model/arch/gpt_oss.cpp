// gpt-oss: mixture of experts with biases, attention sinks, every other layer with a window.
#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_gpt_oss;

Status read_gpt_oss(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto window, keys.size("attention.sliding_window", 128));
  MOBIEDIT_TRY(auto f, keys.size("expert_feed_forward_length"));
  for (std::size_t i = 0; i < c.specs.size(); ++i) {
    LayerSpec& layer = c.specs[i];
    if (i % 2 == 0) layer.window = window;
    layer.sinks = true;
    layer.activation = GateActivation::clamped_silu;
    layer.ffn_norm_is_post_norm = true;
    layer.experts.f = f;
    layer.experts.biases = true;
    layer.experts.softmax_chosen = true;
  }
  return {};
}

}  // namespace mobiedit
