// BF16: the upper half of a float.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

void decode(const std::byte* blocks, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) values[i] = bfloat16_to_float(load<std::uint16_t>(blocks + 2 * i));
}

void encode(const float* values, std::size_t count, std::byte* blocks) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t upper = float_to_bfloat16(values[i]);
    std::memcpy(blocks + 2 * i, &upper, sizeof upper);
  }
}

void random(std::byte* block, float deviation) {
  // A uniform number of 16 random bits, centred and scaled to the wanted deviation.
  const float value = deviation * (static_cast<float>(load<std::uint16_t>(block)) / 18918.0f - 1.732f);
  const auto upper = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  std::memcpy(block, &upper, sizeof upper);
}

}  // namespace

extern constexpr Codec bf16{
    .type = TensorType::bf16,
    .traits = {"BF16", 1, 2, true},
    .exponent_bits = 8,
    .mantissa_bits = 7,
    .decode = decode,
    .encode = encode,
    .largest = std::bit_cast<float>(0x7f7f0000u),
    .random = random,
};

}  // namespace mobiedit::gguf::codec
