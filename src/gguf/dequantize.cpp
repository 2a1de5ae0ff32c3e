// Blocks to floats.
//
// Every product below is exact in float: a scale has 11 significant bits (it is a half), the integers that it is
// multiplied with have at most 6, then 5, or 8 and 6, bits, and 24 fit. So at most one rounding happens to a value (the
// addition of its minimum), and the result depends neither on the order of the products nor on fused arithmetic.
#include <bit>
#include <cassert>
#include <cstring>

#include "base/half.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are read as they lie in the file");

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

float load_half(const std::byte* from) {
  return half_to_float(load<std::uint16_t>(from));
}

int low_nibble(std::byte b) {
  return std::to_integer<int>(b) & 15;
}
int high_nibble(std::byte b) {
  return std::to_integer<int>(b) >> 4;
}

/// The 5th bits of 32 values, one bit each, to be or-ed to their low four.
struct FifthBits {
  std::uint32_t bits;
  int operator()(int i) const { return static_cast<int>((bits >> i) & 1u) << 4; }
};

// The 32-value blocks: the first half of the values lies in the low nibbles, the second in the high ones.

void q4_0(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const std::byte* codes = block + 2;
  for (int i = 0; i < 16; ++i) {
    y[i] = static_cast<float>(low_nibble(codes[i]) - 8) * scale;
    y[i + 16] = static_cast<float>(high_nibble(codes[i]) - 8) * scale;
  }
}

void q4_1(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  const std::byte* codes = block + 4;
  for (int i = 0; i < 16; ++i) {
    y[i] = static_cast<float>(low_nibble(codes[i])) * scale + minimum;
    y[i + 16] = static_cast<float>(high_nibble(codes[i])) * scale + minimum;
  }
}

void q5_0(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const FifthBits fifth{load<std::uint32_t>(block + 2)};
  const std::byte* codes = block + 6;
  for (int i = 0; i < 16; ++i) {
    y[i] = static_cast<float>((low_nibble(codes[i]) | fifth(i)) - 16) * scale;
    y[i + 16] = static_cast<float>((high_nibble(codes[i]) | fifth(i + 16)) - 16) * scale;
  }
}

void q5_1(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  const FifthBits fifth{load<std::uint32_t>(block + 4)};
  const std::byte* codes = block + 8;
  for (int i = 0; i < 16; ++i) {
    y[i] = static_cast<float>(low_nibble(codes[i]) | fifth(i)) * scale + minimum;
    y[i + 16] = static_cast<float>(high_nibble(codes[i]) | fifth(i + 16)) * scale + minimum;
  }
}

void q8_0(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const std::byte* codes = block + 2;
  for (int i = 0; i < 32; ++i) y[i] = static_cast<float>(load<std::int8_t>(codes + i)) * scale;
}

/// Scale and minimum of the `group`-th 32 of 256 values: 6 bits each, 8 pairs in 12 bytes. The first four pairs lie in
/// the low six bits of bytes 0-3 and 4-7; the others have their low four bits in bytes 8-11, their high two above
/// those.
struct GroupScale {
  int scale;
  int minimum;
};

GroupScale group_scale(const std::byte* packed, int group) {
  const auto at = [packed](int i) { return std::to_integer<int>(packed[i]); };
  if (group < 4) return {at(group) & 63, at(group + 4) & 63};
  return {(at(group + 4) & 15) | ((at(group - 4) >> 6) << 4), (at(group + 4) >> 4) | ((at(group) >> 6) << 4)};
}

// Four runs of 32 bytes hold eight groups of 32 values: a group in the low nibbles, the next in the high ones.

void q4_k(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  const std::byte* codes = block + 16;
  for (int group = 0; group < 8; ++group) {
    const GroupScale packed = group_scale(block + 4, group);
    const float s = scale * static_cast<float>(packed.scale);
    const float m = minimum * static_cast<float>(packed.minimum);
    const std::byte* run = codes + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int code = (std::to_integer<int>(run[i]) >> shift) & 15;
      y[group * 32 + i] = s * static_cast<float>(code) - m;
    }
  }
}

void q5_k(const std::byte* block, float* y) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  const std::byte* fifth = block + 16;  // bit `group` of byte i belongs to value i of that group
  const std::byte* codes = block + 48;
  for (int group = 0; group < 8; ++group) {
    const GroupScale packed = group_scale(block + 4, group);
    const float s = scale * static_cast<float>(packed.scale);
    const float m = minimum * static_cast<float>(packed.minimum);
    const std::byte* run = codes + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int low = (std::to_integer<int>(run[i]) >> shift) & 15;
      const int high = (std::to_integer<int>(fifth[i]) >> group) & 1;
      y[group * 32 + i] = s * static_cast<float>(low | (high << 4)) - m;
    }
  }
}

/// Two halves of 128 values: 64 bytes of low nibbles, 32 bytes of high bit pairs, 8 signed scales, each for 16 values.
void q6_k(const std::byte* block, float* y) {
  const float scale = load_half(block + 208);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8;
    const int quarter = group % 8 / 2;  // of a half
    const int first = group % 2 * 16;   // in the quarter's 32 values
    const std::byte* low = block + half * 64 + quarter % 2 * 32 + first;
    const std::byte* high = block + 128 + half * 32 + first;
    const int low_shift = quarter / 2 * 4;
    const int high_shift = quarter * 2;
    const float s = scale * static_cast<float>(load<std::int8_t>(block + 192 + group));
    for (int i = 0; i < 16; ++i) {
      const int nibble = (std::to_integer<int>(low[i]) >> low_shift) & 15;
      const int pair = (std::to_integer<int>(high[i]) >> high_shift) & 3;
      y[group * 16 + i] = s * static_cast<float>((nibble | (pair << 4)) - 32);
    }
  }
}

template <class Block>
void each_block(const TypeTraits& type, std::span<const std::byte> bytes, std::span<float> values, Block block) {
  const std::byte* from = bytes.data();
  float* to = values.data();
  for (std::size_t left = values.size() / type.block_values; left > 0; --left) {
    block(from, to);
    from += type.block_bytes;
    to += type.block_values;
  }
}

}  // namespace

void dequantize(TensorType type, std::span<const std::byte> bytes, std::span<float> values) {
  const TypeTraits* t = traits(type);
  assert(t != nullptr && bytes.size() == row_bytes(type, values.size()));
  switch (type) {
    case TensorType::f32:
      if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size_bytes());
      return;
    case TensorType::f16:
      return each_block(*t, bytes, values, [](const std::byte* from, float* to) { *to = load_half(from); });
    case TensorType::bf16:
      return each_block(*t, bytes, values,
                        [](const std::byte* from, float* to) { *to = bfloat16_to_float(load<std::uint16_t>(from)); });
    case TensorType::q4_0:
      return each_block(*t, bytes, values, q4_0);
    case TensorType::q4_1:
      return each_block(*t, bytes, values, q4_1);
    case TensorType::q5_0:
      return each_block(*t, bytes, values, q5_0);
    case TensorType::q5_1:
      return each_block(*t, bytes, values, q5_1);
    case TensorType::q8_0:
      return each_block(*t, bytes, values, q8_0);
    case TensorType::q4_k:
      return each_block(*t, bytes, values, q4_k);
    case TensorType::q5_k:
      return each_block(*t, bytes, values, q5_k);
    case TensorType::q6_k:
      return each_block(*t, bytes, values, q6_k);
  }
}

}  // namespace mobiedit::gguf
