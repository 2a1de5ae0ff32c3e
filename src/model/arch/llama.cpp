// Llama 2 and 3, Mistral, SmolLM and the many that share their shape.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_llama;

Status read_llama(const Keys&, ModelConfig& c) {
  for (LayerSpec& layer : c.specs) layer.rope.pairs = RopePairs::neighbours;
  return {};
}

}  // namespace mobiedit
