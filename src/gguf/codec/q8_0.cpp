// Q8_0: 32 codes of 8 bits and a scale; value = code * scale.
#include <algorithm>

#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = 0;
  std::memcpy(group.codes, block + 2, 32);
  return group;
}

// The largest magnitude gets code 127.
void encode_block(const float* x, std::byte* block) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float scale = largest / 127.0f;
  const float factor = inverse_or_zero(scale);
  store_half(scale, block);
  for (int i = 0; i < 32; ++i) {
    block[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(x[i] * factor)));
  }
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  for (int i = 0; i < 32; ++i) block[2 + i] = static_cast<std::byte>(codes[i]);
}

void random(std::byte* block, float deviation) {
  store_half(deviation / 73.9f, block);
  for (int i = 2; i < 34; ++i)
    if (block[i] == std::byte{0x80}) block[i] = std::byte{0x81};  // no quantiser writes -128
}

}  // namespace

extern constexpr Codec q8_0{
    .type = TensorType::q8_0,
    .traits = {"Q8_0", 32, 34, true},
    .decode = decode_groups<32, 34, false, read>,
    .encode = encode_each<32, 34, encode_block>,
    .largest = 127.0f * largest_half,
    .group_form = {.bits = 8},
    .group = read,
    .codes = {-127, 127},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
