// SmolLM 3: every fourth layer has no rotary positions.
#include "model/arch/arch.h"

namespace mobiedit {

ReadFamily read_smollm3;

Status read_smollm3(const Keys&, ModelConfig& c) {
  for (std::size_t i = 0; i < c.specs.size(); ++i)
    c.specs[i].rope.pairs = i % 4 == 3 ? RopePairs::none : RopePairs::neighbours;
  return {};
}

}  // namespace mobiedit
