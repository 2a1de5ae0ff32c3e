// Q4_1: 32 codes of 4 bits, a scale and a minimum; value = code * scale + minimum.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = load_half(block + 2);
  read_nibbles(block + 4, group.codes);
  return group;
}

/// The smallest value gets code 0, the largest 15.
void encode_block(const float* x, std::byte* block) {
  encode_with_minimum(x, 15, block, [&](const std::int16_t* codes) { write_nibbles(codes, 0, block + 4); });
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_nibbles(codes, 0, block + 4);
}

void random(std::byte* block, float deviation) {
  store_half(deviation / 4.6f, block);
  store_half(deviation / 4.6f * -7.5f, block + 2);
}

}  // namespace

extern constexpr Codec q4_1{
    .type = TensorType::q4_1,
    .traits = {"Q4_1", 32, 20, true},
    .decode = decode_groups<32, 20, true, read>,
    .encode = encode_each<32, 20, encode_block>,
    .largest = largest_half,
    .group_form = {.bits = 4, .offsets = true},
    .group = read,
    .codes = {0, 15},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
