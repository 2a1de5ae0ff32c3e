// Blocks to floats.
//
// Every product below is exact in float: a scale has 11 significant bits (it is a half), the integers that it is
// multiplied with have at most 6, then 5, or 8 and 6, bits, and 24 fit. So at most one rounding happens to a value (the
// addition of its minimum), and the result depends neither on the order of the products nor on fused arithmetic.
#include <cassert>

#include "gguf/blocks.h"
#include "gguf/groups.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {
namespace {

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

void groups(TensorType type, const TypeTraits& traits, std::span<const std::byte> bytes, std::span<float> values) {
  const bool offsets = group_form(type).offsets;  // without: + 0 would lose the sign of a zero
  each_block(traits, bytes, values, [&](const std::byte* from, float* to) {
    for (std::size_t g = 0; g < traits.block_values / 32; ++g, to += 32) {
      const Group group = read_group(type, from, g);
      for (int i = 0; i < 32; ++i) to[i] = static_cast<float>(group.codes[i]) * group.scale;
      for (int i = 0; offsets && i < 32; ++i) to[i] += group.offset;
    }
  });
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
    case TensorType::q6_k:
      return each_block(*t, bytes, values, q6_k);
    default:
      return groups(type, *t, bytes, values);
  }
}

}  // namespace mobiedit::gguf
