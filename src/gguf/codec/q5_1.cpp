// Q5_1: 32 codes of 5 bits, a scale and a minimum; value = code * scale + minimum.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = load_half(block + 2);
  read_nibbles(block + 8, group.codes);
  add_fifth_bits(load<std::uint32_t>(block + 4), group.codes);
  return group;
}

/// The smallest value gets code 0, the largest 31.
void encode_block(const float* x, std::byte* block) {
  encode_with_minimum(x, 31, block, [&](const std::int16_t* codes) {
    write_fifth_bits(codes, 0, block + 4);
    write_nibbles(codes, 0, block + 8);
  });
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_fifth_bits(codes, 0, block + 4);
  write_nibbles(codes, 0, block + 8);
}

void random(std::byte* block, float deviation) {
  store_half(deviation / 9.2f, block);
  store_half(deviation / 9.2f * -15.5f, block + 2);
}

}  // namespace

extern constexpr Codec q5_1{
    .type = TensorType::q5_1,
    .traits = {"Q5_1", 32, 24, true},
    .decode = decode_groups<32, 24, true, read>,
    .encode = encode_each<32, 24, encode_block>,
    .largest = largest_half,
    .group_form = {.bits = 5, .offsets = true},
    .group = read,
    .codes = {0, 31},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
