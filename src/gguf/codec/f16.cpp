// F16: IEEE half precision.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

void decode(const std::byte* blocks, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) values[i] = load_half(blocks + 2 * i);
}

void encode(const float* values, std::size_t count, std::byte* blocks) {
  for (std::size_t i = 0; i < count; ++i) store_half(values[i], blocks + 2 * i);
}

void random(std::byte* block, float deviation) {
  // A uniform number of 16 random bits, centred and scaled to the wanted deviation.
  store_half(deviation * (static_cast<float>(load<std::uint16_t>(block)) / 18918.0f - 1.732f), block);
}

}  // namespace

extern constexpr Codec f16{
    .type = TensorType::f16,
    .traits = {"F16", 1, 2, true},
    .exponent_bits = 5,
    .mantissa_bits = 10,
    .decode = decode,
    .encode = encode,
    .largest = largest_half,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
