// Q4_K: 256 codes of 4 bits in eight groups; value = code * (scale * d) - minimum * dmin. Scale and minimum have 6
// bits.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t index) {
  const GroupScale packed = group_scale(block + 4, index);
  Group group;
  group.scale = load_half(block) * static_cast<float>(packed.scale);
  group.offset = -(load_half(block + 2) * static_cast<float>(packed.minimum));
  read_run(block + 16, index, group.codes);
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_runs(codes, block + 16);
}

// Minima of 7.5 scales centre the values.
void random(std::byte* block, float deviation) {
  store_half(deviation / 18.4f, block);
  store_half(deviation / 18.4f, block + 2);
  write_group_scales({.scale = 4, .minimum = 30}, block + 4);
}

}  // namespace

extern constexpr Codec q4_k{
    .type = TensorType::q4_k,
    .traits = {"Q4_K", 256, 144, false},
    .decode = decode_groups<256, 144, true, read>,
    .group_form = {.bits = 4, .offsets = true},
    .group = read,
    .codes = {0, 15},
    .read_codes = read_group_codes<256, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
