// IQ4_XS: 256 codes of 4 bits that index a list of levels, in eight groups; value = level * (scale * d).
//
// A block holds d, the high two bits of eight scales, their low four bits, and the codes. A scale has a sign.
#include "gguf/codec/level_list.h"

namespace mobiedit::gguf::codec {
namespace {

constexpr std::size_t high = 2, low = 4, codes_at = 8;

Group read(const std::byte* block, std::size_t index) {
  const int upper = load<std::uint16_t>(block + high) >> (2 * index) & 3;
  const int scale = (bits_of(block[low + index / 2], static_cast<int>(index % 2 * 4), 15) | upper << 4) - 32;
  Group group;
  group.scale = load_half(block) * static_cast<float>(scale);
  group.offset = 0;
  read_levels(block + codes_at + index * 16, iq4_levels, group.codes);
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  for (std::size_t g = 0; g < 8; ++g) write_levels(codes + g * 32, iq4_levels, block + codes_at + g * 16);
}

// Scales stay random: their deviation times that of the levels is 1247.
void random(std::byte* block, float deviation) {
  store_half(deviation / 1247.0f, block);
}

}  // namespace

extern constexpr Codec iq4_xs{
    .type = TensorType::iq4_xs,
    .traits = {"IQ4_XS", 256, 136, false},
    .decode = decode_groups<256, 136, false, read>,
    .group_form = {.bits = 8},
    .group = read,
    .codes = {.least = -127, .most = 113, .listed = iq4_levels},
    .read_codes = read_group_codes<256, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
