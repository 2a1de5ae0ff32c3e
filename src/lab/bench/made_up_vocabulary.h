// A byte-level BPE vocabulary for models with random weights.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// Has `size` tokens: every byte, one token per word of `texts` with and without a space before it, then made-up ones.
/// So lists and merges are as long as those of a real model. `size` exceeds 257 and the number that the words need.
void add_made_up_vocabulary(gguf::Writer& writer, std::string_view splitting, int size,
                            const std::vector<std::string>& texts);

}  // namespace mobiedit
