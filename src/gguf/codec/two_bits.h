// Two-bit codes of a block of 256, as Q2_K and Q3_K lay them out: each half of 128 values takes 32 bytes.
#pragma once

#include "gguf/codec/blocks.h"

namespace mobiedit::gguf {

/// Place of the two bits of value i.
struct TwoBits {
  std::size_t byte;
  int shift;
};

inline TwoBits two_bits_of(std::size_t i) {
  return {i / 128 * 32 + i % 32, static_cast<int>(i % 128 / 32 * 2)};
}

}  // namespace mobiedit::gguf
