// A byte-level BPE vocabulary for models with random weights.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// `size` tokens (more than 257 and those that the words need): every byte, one token for each word of `texts` with and
/// without a space before it, then made-up ones, so that lists and merges are as long as a real model's.
void add_made_up_vocabulary(gguf::Writer& writer, std::string_view splitting, int size,
                            const std::vector<std::string>& texts);

}  // namespace mobiedit
