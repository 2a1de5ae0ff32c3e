// Q5_K: 256 codes of 5 bits in eight groups; value = code * (scale * d) - minimum * dmin. Scale and minimum have 6
// bits.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

constexpr std::size_t fifths = 16, runs = 48;  // places in a block where fifth bits and nibbles begin

// Bit `index` of byte i of the fifths belongs to value i of group `index`.
Group read(const std::byte* block, std::size_t index) {
  const GroupScale packed = group_scale(block + 4, index);
  Group group;
  group.scale = load_half(block) * static_cast<float>(packed.scale);
  group.offset = -(load_half(block + 2) * static_cast<float>(packed.minimum));
  read_run(block + runs, index, group.codes);
  for (std::size_t i = 0; i < 32; ++i) {
    const int fifth = (std::to_integer<int>(block[fifths + i]) >> index) & 1;
    group.codes[i] = static_cast<std::int8_t>(group.codes[i] | fifth << 4);
  }
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_runs(codes, block + runs);
  for (std::size_t i = 0; i < 256; ++i) put_bits(block[fifths + i % 32], codes[i] >> 4, static_cast<int>(i / 32), 1);
}

// Minima of 15.5 scales centre the values.
void random(std::byte* block, float deviation) {
  store_half(deviation / 36.9f, block);
  store_half(deviation / 36.9f, block + 2);
  write_group_scales({.scale = 4, .minimum = 62}, block + 4);
}

}  // namespace

extern constexpr Codec q5_k{
    .type = TensorType::q5_k,
    .traits = {"Q5_K", 256, 176, false},
    .decode = decode_groups<256, 176, true, read>,
    .group_form = {.bits = 5, .offsets = true},
    .group = read,
    .codes = {0, 31},
    .read_codes = read_group_codes<256, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
