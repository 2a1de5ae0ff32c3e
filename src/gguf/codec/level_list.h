// Codes of 4 bits that index a list of levels, as IQ4_NL, IQ4_XS and MXFP4 use them.
#pragma once

#include <algorithm>

#include "gguf/codec/blocks.h"

namespace mobiedit::gguf {

/// Levels of IQ4_NL and IQ4_XS, ascending.
inline constexpr std::int8_t iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

/// Reads the levels of 32 values.
inline void read_levels(const std::byte* nibbles, const std::int8_t (&levels)[16], std::int8_t* out) {
  read_nibbles(nibbles, out);
  for (int i = 0; i < 32; ++i) out[i] = levels[out[i]];
}

/// Writes the levels of 32 values, each one of the list. A value whose level stays keeps its nibble, even where two
/// nibbles mean one level.
inline void write_levels(const std::int16_t* codes, const std::int8_t (&levels)[16], std::byte* nibbles) {
  for (int i = 0; i < 32; ++i) {
    std::byte& byte = nibbles[i % 16];
    const int shift = i / 16 * 4;
    if (levels[bits_of(byte, shift, 15)] == codes[i]) continue;
    put_bits(byte, static_cast<int>(std::ranges::find(levels, codes[i]) - levels), shift, 15);
  }
}

}  // namespace mobiedit::gguf
