// Q5_0: 32 codes of 5 bits and a scale; value = (code - 16) * scale.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = 0;
  read_nibbles(block + 6, group.codes);
  add_fifth_bits(load<std::uint32_t>(block + 2), group.codes);
  subtract(16, group.codes);
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_fifth_bits(codes, 16, block + 2);
  write_nibbles(codes, 16, block + 6);
}

void random(std::byte* block, float deviation) {
  store_half(deviation / 9.2f, block);
}

}  // namespace

extern constexpr Codec q5_0{
    .type = TensorType::q5_0,
    .traits = {"Q5_0", 32, 22, false},
    .decode = decode_groups<32, 22, false, read>,
    .group_form = {.bits = 5},
    .group = read,
    .codes = {-16, 15},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
