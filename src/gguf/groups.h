// Quantised rows as groups of 32: integer codes, what a step of them is worth, and what is added to all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {

/// How a type's groups look; the codes of one without offsets are signed.
struct GroupForm {
  int bits = 0;  ///< of a code: 4, 5 or 8; 0: the type has no groups of 32 (floats; Q6_K, which has scales for 16)
  bool offsets = false;
};

[[nodiscard]] GroupForm group_form(TensorType type);

struct Group {
  std::int8_t codes[32];  ///< -8 … 7, -16 … 15 or -128 … 127; with offsets 0 … 15 or 0 … 31
  float scale;
  float offset;  ///< 0 in a type without
};

/// Group `index` of a block: value i = codes[i] * scale + offset, rounded once, is just what llama.cpp reads. The type
/// has groups; the block is whole.
[[nodiscard]] Group read_group(TensorType type, const std::byte* block, std::size_t index);

}  // namespace mobiedit::gguf
