// Q3_K: 256 codes of 3 bits in sixteen groups of 16; value = code * (scale * d). Scales have 6 bits and a sign.
//
// A block holds 32 bytes of third bits, 64 of low bit pairs, the packed scales and d. A code is the pair where its
// third bit is set, and four less where it is not.
#include "gguf/codec/two_bits.h"

namespace mobiedit::gguf::codec {
namespace {

constexpr std::size_t pairs = 32, scales = 96, d_at = 108;

// The low four bits of scale k lie in byte k % 8, its high two in byte 8 + k % 4.
int scale_of(const std::byte* block, std::size_t group) {
  const std::byte* packed = block + scales;
  const int low = bits_of(packed[group % 8], static_cast<int>(group / 8 * 4), 15);
  return (low | bits_of(packed[8 + group % 4], static_cast<int>(group / 4 * 2), 3) << 4) - 32;
}

// Codes of 16 neighbouring values.
void read_sixteen(const std::byte* block, std::size_t group, int* codes) {
  const TwoBits place = two_bits_of(group * 16);
  const std::byte* pair = block + pairs + place.byte;
  const std::byte* third = block + group % 2 * 16;
  const auto bit = static_cast<int>(group / 2);
  for (int i = 0; i < 16; ++i) {
    const int absent = ~(std::to_integer<int>(third[i]) >> bit) & 1;
    codes[i] = ((std::to_integer<int>(pair[i]) >> place.shift) & 3) - 4 * absent;
  }
}

void decode_block(const std::byte* block, float* y) {
  const float d = load_half(block + d_at);
  for (std::size_t group = 0; group < 16; ++group, y += 16) {
    const float scale = d * static_cast<float>(scale_of(block, group));
    int codes[16];
    read_sixteen(block, group, codes);
    for (int i = 0; i < 16; ++i) y[i] = scale * static_cast<float>(codes[i]);
  }
}

// The products of scales and codes are integers from -124 to 128: with their signs changed they fit 8 bits, and two
// groups of 16 share the scale -d.
Group read(const std::byte* block, std::size_t index) {
  Group group;
  group.scale = -load_half(block + d_at);
  group.offset = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    const int scale = scale_of(block, 2 * index + half);
    int codes[16];
    read_sixteen(block, 2 * index + half, codes);
    for (std::size_t i = 0; i < 16; ++i) group.codes[half * 16 + i] = static_cast<std::int8_t>(-scale * codes[i]);
  }
  return group;
}

void read_codes(const std::byte* block, std::int16_t* codes, float* steps) {
  const float d = load_half(block + d_at);
  for (std::size_t group = 0; group < 16; ++group) {
    int sixteen[16];
    read_sixteen(block, group, sixteen);
    for (std::size_t i = 0; i < 16; ++i) {
      codes[group * 16 + i] = static_cast<std::int16_t>(sixteen[i]);
      steps[group * 16 + i] = d * static_cast<float>(scale_of(block, group));
    }
  }
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  for (std::size_t i = 0; i < 256; ++i) {
    const TwoBits place = two_bits_of(i);
    put_bits(block[pairs + place.byte], codes[i], place.shift, 3);
    put_bits(block[i % 32], codes[i] < 0 ? 0 : 1, static_cast<int>(i / 32), 1);
  }
}

// Scales stay random: their deviation times that of the codes is 43.3.
void random(std::byte* block, float deviation) {
  store_half(deviation / 43.3f, block + d_at);
}

}  // namespace

extern constexpr Codec q3_k{
    .type = TensorType::q3_k,
    .traits = {"Q3_K", 256, 110, false},
    .decode = decode_each<256, 110, decode_block>,
    .group_form = {.bits = 8},
    .group = read,
    .codes = {-4, 3},
    .read_codes = read_codes,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
