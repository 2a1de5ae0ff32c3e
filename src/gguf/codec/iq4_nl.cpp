// IQ4_NL: 32 codes of 4 bits that index a list of levels, and a scale; value = level * scale.
#include "gguf/codec/level_list.h"

namespace mobiedit::gguf::codec {
namespace {

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = load_half(block);
  group.offset = 0;
  read_levels(block + 2, iq4_levels, group.codes);
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_levels(codes, iq4_levels, block + 2);
}

// The levels' mean is not zero; a random sign of the scale makes it so.
void random(std::byte* block, float deviation) {
  const bool negative = (std::to_integer<int>(block[0]) & 1) != 0;
  store_half((negative ? -deviation : deviation) / 67.2f, block);
}

}  // namespace

extern constexpr Codec iq4_nl{
    .type = TensorType::iq4_nl,
    .traits = {"IQ4_NL", 32, 18, false},
    .decode = decode_groups<32, 18, false, read>,
    .group_form = {.bits = 8},
    .group = read,
    .codes = {.least = -127, .most = 113, .listed = iq4_levels},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
