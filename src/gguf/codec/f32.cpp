// F32: floats as they are.
#include <limits>

#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

void decode(const std::byte* blocks, std::size_t count, float* values) {
  if (count > 0) std::memcpy(values, blocks, count * sizeof *values);
}

void encode(const float* values, std::size_t count, std::byte* blocks) {
  if (count > 0) std::memcpy(blocks, values, count * sizeof *values);
}

void random(std::byte* block, float deviation) {
  const float uniform = static_cast<float>(load<std::uint32_t>(block)) * 0x1p-32f - 0.5f;
  const float value = deviation * uniform * 3.4641f;  // a uniform number's deviation is its range / sqrt(12)
  std::memcpy(block, &value, sizeof value);
}

}  // namespace

extern constexpr Codec f32{
    .type = TensorType::f32,
    .traits = {"F32", 1, 4, true},
    .exponent_bits = 8,
    .mantissa_bits = 23,
    .decode = decode,
    .encode = encode,
    .largest = std::numeric_limits<float>::max(),
    .random = random,
};

}  // namespace mobiedit::gguf::codec
