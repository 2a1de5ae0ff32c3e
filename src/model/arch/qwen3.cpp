// Qwen 3: norms of every head.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_qwen3;

Status read_qwen3(const Keys&, ModelConfig& c) {
  for (LayerSpec& layer : c.specs) layer.head_norm = HeadNorm::each_head;
  return {};
}

}  // namespace mobiedit
