// Phi 3: queries, keys and values in one tensor, gate and up in another.
#include "base/try.h"
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_phi3;

Status read_phi3(const Keys& keys, ModelConfig& c) {
  MOBIEDIT_TRY(auto window, keys.count("attention.sliding_window"));
  for (LayerSpec& layer : c.specs) {
    layer.fused_qkv = keys.has_tensor("blk.0.attn_qkv.weight");
    layer.fused_gate_up = true;
    layer.window = window;
  }
  return {};
}

}  // namespace mobiedit
