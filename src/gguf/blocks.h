// Pieces of blocks that more than one reader needs.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/half.h"

namespace mobiedit::gguf {

static_assert(std::endian::native == std::endian::little, "blocks are read as they lie in the file");

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline float load_half(const std::byte* from) {
  return half_to_float(load<std::uint16_t>(from));
}

/// Scale and minimum of a group of 32 in a block of 256.
struct GroupScale {
  int scale;
  int minimum;
};

/// 6 bits each, 8 pairs in 12 bytes. The first four pairs lie in the low six bits of bytes 0-3 and 4-7; the others have
/// their low four bits in bytes 8-11, their high two above those.
inline GroupScale group_scale(const std::byte* packed, std::size_t group) {
  const auto at = [packed](std::size_t i) { return std::to_integer<int>(packed[i]); };
  if (group < 4) return {at(group) & 63, at(group + 4) & 63};
  return {(at(group + 4) & 15) | ((at(group - 4) >> 6) << 4), (at(group + 4) >> 4) | ((at(group) >> 6) << 4)};
}

}  // namespace mobiedit::gguf
