#include "gguf/codes.h"

#include <cassert>

#include "gguf/blocks.h"

namespace mobiedit::gguf {
namespace {

void put_bits(std::byte& byte, int value, int shift, int mask) {
  byte = (byte & ~static_cast<std::byte>(mask << shift)) | static_cast<std::byte>((value & mask) << shift);
}

int bits_of(std::byte byte, int shift, int mask) {
  return (std::to_integer<int>(byte) >> shift) & mask;
}

/// Where value i of a block has its code. `low` holds the low four bits, or all eight; `high` the bits above those.
struct Place {
  std::size_t low;
  int low_shift;
  std::size_t high = 0;
  int high_shift = 0;
};

Place place_of(TensorType type, std::size_t i) {
  switch (type) {
    case TensorType::q4_0:
      return {2 + i % 16, i < 16 ? 0 : 4};
    case TensorType::q4_k:
      return {16 + i / 64 * 32 + i % 32, static_cast<int>(i / 32 % 2 * 4)};
    case TensorType::q6_k: {
      const std::size_t half = i / 128, quarter = i % 128 / 32, within = i % 32;
      return {half * 64 + quarter % 2 * 32 + within, static_cast<int>(quarter / 2 * 4), 128 + half * 32 + within,
              static_cast<int>(quarter * 2)};
    }
    default:
      return {2 + i, 0};  // Q8_0
  }
}

int code_at(TensorType type, const std::byte* block, std::size_t i) {
  const Place place = place_of(type, i);
  if (type == TensorType::q8_0) return static_cast<std::int8_t>(block[place.low]);
  const int low = bits_of(block[place.low], place.low_shift, 15);
  return type == TensorType::q6_k ? low | bits_of(block[place.high], place.high_shift, 3) << 4 : low;
}

float step_at(TensorType type, const std::byte* block, std::size_t i) {
  if (type == TensorType::q4_k) {
    return load_half(block) * static_cast<float>(group_scale(block + 4, i / 32).scale);
  }
  if (type == TensorType::q6_k) {
    return load_half(block + 208) * static_cast<float>(static_cast<std::int8_t>(block[192 + i / 16]));
  }
  return load_half(block);
}

}  // namespace

bool has_codes(TensorType type) {
  return type == TensorType::q4_0 || type == TensorType::q8_0 || type == TensorType::q4_k || type == TensorType::q6_k;
}

CodeRange code_range(TensorType type) {
  if (type == TensorType::q8_0) return {-127, 127};
  return {0, type == TensorType::q6_k ? 63 : 15};
}

void read_codes(TensorType type, std::span<const std::byte> bytes, std::span<std::int16_t> codes,
                std::span<float> steps) {
  assert(has_codes(type) && bytes.size() == row_bytes(type, codes.size()) && steps.size() == codes.size());
  const TypeTraits& t = *traits(type);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::byte* block = bytes.data() + i / t.block_values * t.block_bytes;
    codes[i] = static_cast<std::int16_t>(code_at(type, block, i % t.block_values));
    steps[i] = step_at(type, block, i % t.block_values);
  }
}

void write_codes(TensorType type, std::span<const std::int16_t> codes, std::span<std::byte> bytes) {
  assert(has_codes(type) && bytes.size() == row_bytes(type, codes.size()));
  const TypeTraits& t = *traits(type);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    std::byte* block = bytes.data() + i / t.block_values * t.block_bytes;
    const Place place = place_of(type, i % t.block_values);
    if (type == TensorType::q8_0) {
      block[place.low] = static_cast<std::byte>(codes[i]);
      continue;
    }
    put_bits(block[place.low], codes[i], place.low_shift, 15);
    if (type == TensorType::q6_k) put_bits(block[place.high], codes[i] >> 4, place.high_shift, 3);
  }
}

}  // namespace mobiedit::gguf
