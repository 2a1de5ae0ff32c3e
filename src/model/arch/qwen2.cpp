// Qwen 2 and 2.5: biases of queries, keys and values, where the file has their tensors.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_qwen2;

Status read_qwen2(const Keys&, ModelConfig&) {
  return {};
}

}  // namespace mobiedit
