// Q2_K: 256 codes of 2 bits in sixteen groups of 16; value = code * (scale * d) - minimum * dmin. Both have 4 bits.
//
// A block holds sixteen bytes of scale and minimum, the codes, d and dmin. Integer kernels have one scale and one
// minimum per 32 values, so these blocks have no groups for them.
#include "gguf/codec/two_bits.h"

namespace mobiedit::gguf::codec {
namespace {

constexpr std::size_t code_bytes = 16, d_at = 80, dmin_at = 82;

float scale_of(const std::byte* block, float d, std::size_t group) {
  return d * static_cast<float>(std::to_integer<int>(block[group]) & 15);
}

void decode_block(const std::byte* block, float* y) {
  const float d = load_half(block + d_at), dmin = load_half(block + dmin_at);
  for (std::size_t group = 0; group < 16; ++group, y += 16) {
    const TwoBits place = two_bits_of(group * 16);
    const std::byte* bytes = block + code_bytes + place.byte;
    const float scale = scale_of(block, d, group);
    const float minimum = dmin * static_cast<float>(std::to_integer<int>(block[group]) >> 4);
    for (int i = 0; i < 16; ++i) {
      const int code = (std::to_integer<int>(bytes[i]) >> place.shift) & 3;
      y[i] = scale * static_cast<float>(code) - minimum;
    }
  }
}

void read_codes(const std::byte* block, std::int16_t* codes, float* steps) {
  const float d = load_half(block + d_at);
  for (std::size_t i = 0; i < 256; ++i) {
    const TwoBits place = two_bits_of(i);
    codes[i] = static_cast<std::int16_t>(bits_of(block[code_bytes + place.byte], place.shift, 3));
    steps[i] = scale_of(block, d, i / 16);
  }
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  for (std::size_t i = 0; i < 256; ++i) {
    const TwoBits place = two_bits_of(i);
    put_bits(block[code_bytes + place.byte], codes[i], place.shift, 3);
  }
}

// Minima of 1.5 scales centre the values.
void random(std::byte* block, float deviation) {
  std::memset(block, 8 | 12 << 4, 16);
  store_half(deviation / 8.94f, block + d_at);
  store_half(deviation / 8.94f, block + dmin_at);
}

}  // namespace

extern constexpr Codec q2_k{
    .type = TensorType::q2_k,
    .traits = {"Q2_K", 256, 84, false},
    .decode = decode_each<256, 84, decode_block>,
    .codes = {0, 3},
    .read_codes = read_codes,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
