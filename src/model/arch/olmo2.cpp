// OLMo 2: norms after attention and feed-forward alone, norms of whole rows of queries and keys.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_olmo2;

Status read_olmo2(const Keys&, ModelConfig& c) {
  for (LayerSpec& layer : c.specs) {
    layer.attention_norm = layer.ffn_norm = false;
    layer.attention_post_norm = layer.ffn_post_norm = true;
    layer.head_norm = HeadNorm::whole_row;
  }
  return {};
}

}  // namespace mobiedit
