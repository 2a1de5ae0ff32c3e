// MXFP4: 32 floats of 4 bits under a power of two; value = level * 2^(exponent - 128), with levels twice the floats.
#include "gguf/codec/level_list.h"

namespace mobiedit::gguf::codec {
namespace {

// A sign, two exponent bits and one mantissa bit; zero has two signs.
constexpr std::int8_t by_nibble[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
constexpr std::int8_t ascending[15] = {-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12};

// Half the power of two that the exponent means, since the levels are doubled; the two smallest are subnormal.
float scale_of(std::byte exponent) {
  const auto e = std::to_integer<std::uint32_t>(exponent);
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
}

Group read(const std::byte* block, std::size_t) {
  Group group;
  group.scale = scale_of(block[0]);
  group.offset = 0;
  read_levels(block + 1, by_nibble, group.codes);
  return group;
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  write_levels(codes, by_nibble, block + 1);
}

void random(std::byte* block, float deviation) {
  const auto exponent = static_cast<int>(std::lround(std::log2(deviation / 5.85f)));
  block[0] = static_cast<std::byte>(128 + exponent);
}

}  // namespace

extern constexpr Codec mxfp4{
    .type = TensorType::mxfp4,
    .traits = {"MXFP4", 32, 17, false},
    .decode = decode_groups<32, 17, false, read>,
    .group_form = {.bits = 8},
    .group = read,
    .codes = {.least = -12, .most = 12, .listed = ascending},
    .read_codes = read_group_codes<32, read>,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
