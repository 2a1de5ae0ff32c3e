// Parts of blocks that several codecs read and write, and loops over blocks.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/half.h"
#include "gguf/codec/codec.h"

namespace mobiedit::gguf {

static_assert(std::endian::native == std::endian::little, "blocks are read as they lie in the file");

inline constexpr float largest_half = 65504.0f;

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline float load_half(const std::byte* from) {
  return half_to_float(load<std::uint16_t>(from));
}

inline void store_half(float value, std::byte* to) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(to, &half, sizeof half);
}

/// 1 / scale, or 0 where that is not finite; such a scale is zero as a half.
inline float inverse_or_zero(float scale) {
  const float result = 1.0f / scale;
  return std::isfinite(result) ? result : 0.0f;
}

inline void put_bits(std::byte& byte, int value, int shift, int mask) {
  byte = (byte & ~static_cast<std::byte>(mask << shift)) | static_cast<std::byte>((value & mask) << shift);
}

inline int bits_of(std::byte byte, int shift, int mask) {
  return (std::to_integer<int>(byte) >> shift) & mask;
}

/// Decodes blocks one by one: decode_block(block, values).
template <std::size_t block_values, std::size_t block_bytes, auto decode_block>
void decode_each(const std::byte* blocks, std::size_t count, float* values) {
  for (; count > 0; --count, blocks += block_bytes, values += block_values) decode_block(blocks, values);
}

/// Encodes blocks one by one: encode_block(values, block).
template <std::size_t block_values, std::size_t block_bytes, auto encode_block>
void encode_each(const float* values, std::size_t count, std::byte* blocks) {
  for (; count > 0; --count, blocks += block_bytes, values += block_values) encode_block(values, blocks);
}

/// Decodes blocks of groups of 32: read_group(block, index).
template <std::size_t block_values, std::size_t block_bytes, bool offsets, auto read_group>
void decode_groups(const std::byte* blocks, std::size_t count, float* values) {
  for (; count > 0; --count, blocks += block_bytes) {
    for (std::size_t g = 0; g < block_values / 32; ++g, values += 32) {
      const Group group = read_group(blocks, g);
      for (int i = 0; i < 32; ++i) values[i] = static_cast<float>(group.codes[i]) * group.scale;
      if constexpr (offsets) {  // without: + 0 would lose the sign of a zero
        for (int i = 0; i < 32; ++i) values[i] += group.offset;
      }
    }
  }
}

/// Codes and steps of a block of groups of 32.
template <std::size_t block_values, auto read_group>
void read_group_codes(const std::byte* block, std::int16_t* codes, float* steps) {
  for (std::size_t g = 0; g < block_values / 32; ++g, codes += 32, steps += 32) {
    const Group group = read_group(block, g);
    for (int i = 0; i < 32; ++i) codes[i] = group.codes[i];
    for (int i = 0; i < 32; ++i) steps[i] = group.scale;
  }
}

/// Nibbles of a block of 32: the first 16 codes lie in the low halves of 16 bytes, the others in the high halves.
inline void read_nibbles(const std::byte* from, std::int8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = static_cast<std::int8_t>(std::to_integer<int>(from[i]) & 15);
    codes[i + 16] = static_cast<std::int8_t>(std::to_integer<int>(from[i]) >> 4);
  }
}

/// Writes the low four bits of codes[i] + added.
inline void write_nibbles(const std::int16_t* codes, int added, std::byte* to) {
  for (int i = 0; i < 16; ++i)
    to[i] = static_cast<std::byte>(((codes[i] + added) & 15) | ((codes[i + 16] + added) & 15) << 4);
}

/// Fifth bits of a block of 32, one per code in a word of 32 bits.
inline void add_fifth_bits(std::uint32_t bits, std::int8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>(codes[i] | static_cast<int>((bits >> i) & 1u) << 4);
}

/// Writes bit 4 of codes[i] + added.
inline void write_fifth_bits(const std::int16_t* codes, int added, std::byte* to) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<std::uint32_t>(((codes[i] + added) >> 4) & 1) << i;
  std::memcpy(to, &bits, sizeof bits);
}

/// Scale and minimum of 32 values as halves at the block's beginning, and their codes 0 to `most`, which `write` gets.
template <class Write>
void encode_with_minimum(const float* x, int most, std::byte* block, const Write& write) {
  const float smallest = *std::min_element(x, x + 32), largest = *std::max_element(x, x + 32);
  const float scale = (largest - smallest) / static_cast<float>(most);
  const float factor = inverse_or_zero(scale);
  store_half(scale, block);
  store_half(smallest, block + 2);
  std::int16_t codes[32];
  for (int i = 0; i < 32; ++i)
    codes[i] = static_cast<std::int16_t>(std::min(static_cast<int>((x[i] - smallest) * factor + 0.5f), most));
  write(codes);
}

inline void subtract(int middle, std::int8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>(codes[i] - middle);
}

/// Scale and minimum of a group of 32 in a block of 256 of Q4_K and Q5_K.
struct GroupScale {
  int scale;
  int minimum;
};

/// Unpacks a pair of 6-bit numbers; 8 pairs take 12 bytes. Pairs 0 to 3 lie in the low six bits of bytes 0-3 and 4-7.
/// The others have their low four bits in bytes 8-11 and their high two bits above those of the first pairs.
inline GroupScale group_scale(const std::byte* packed, std::size_t group) {
  const auto at = [packed](std::size_t i) { return std::to_integer<int>(packed[i]); };
  if (group < 4) return {at(group) & 63, at(group + 4) & 63};
  return {(at(group + 4) & 15) | ((at(group - 4) >> 6) << 4), (at(group + 4) >> 4) | ((at(group) >> 6) << 4)};
}

/// Writes one pair of scale and minimum for all eight groups.
inline void write_group_scales(GroupScale all, std::byte* packed) {
  for (int i = 0; i < 4; ++i) {
    packed[i] = static_cast<std::byte>(all.scale | all.scale >> 4 << 6);
    packed[i + 4] = static_cast<std::byte>(all.minimum | all.minimum >> 4 << 6);
    packed[i + 8] = static_cast<std::byte>((all.scale & 15) | (all.minimum & 15) << 4);
  }
}

/// Nibbles of a block of 256: a run of 32 bytes holds an even group in its low halves, the odd one after it in the
/// high.
inline void read_run(const std::byte* runs, std::size_t group, std::int8_t* codes) {
  const std::byte* run = runs + group / 2 * 32;
  const int shift = static_cast<int>(group % 2 * 4);
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>((std::to_integer<int>(run[i]) >> shift) & 15);
}

inline void write_runs(const std::int16_t* codes, std::byte* runs) {
  for (std::size_t i = 0; i < 256; ++i)
    put_bits(runs[i / 64 * 32 + i % 32], codes[i], static_cast<int>(i / 32 % 2 * 4), 15);
}

}  // namespace mobiedit::gguf
