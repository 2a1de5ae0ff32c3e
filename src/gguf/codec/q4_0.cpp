// Q4_0: 32 codes of 4 bits and a scale; value = (code - 8) * scale.
#include <algorithm>

#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = 0;
  read_nibbles(block + 2, group.codes);
  subtract(8, group.codes);
  return group;
}

// The value of largest magnitude, the first of two, gets code -8. So the scale has the opposite sign of that value, and
// code +8 does not exist.
void encode_block(const float* x, std::byte* block) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  const float scale = largest / -8.0f;
  const float factor = inverse_or_zero(scale);
  store_half(scale, block);
  const auto code = [&](int i) { return std::min(static_cast<int>(x[i] * factor + 8.5f), 15); };
  for (int i = 0; i < 16; ++i) block[2 + i] = static_cast<std::byte>(code(i) | (code(i + 16) << 4));
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_nibbles(codes, 8, block + 2);
}

void random(std::byte* block, float deviation) {
  store_half(deviation / 4.6f, block);
}

}  // namespace

extern constexpr Codec q4_0{
    .type = TensorType::q4_0,
    .traits = {"Q4_0", 32, 18, true},
    .decode = decode_groups<32, 18, false, read>,
    .encode = encode_each<32, 18, encode_block>,
    .largest = 8.0f * largest_half,
    .group_form = {.bits = 4},
    .group = read,
    .codes = {-8, 7},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
