// Q6_K: 256 codes of 6 bits in sixteen groups of 16; value = (code - 32) * (scale * d). Scales have 8 bits.
//
// A block holds two halves of 128 values: 64 bytes of low nibbles and 32 bytes of high bit pairs each. Signed scales
// follow, then d. Integer kernels have one scale per 32 values, so these blocks have no groups for them.
#include "gguf/codec/blocks.h"

namespace mobiedit::gguf::codec {
namespace {

constexpr std::size_t scales = 192, d_at = 208;

void decode_block(const std::byte* block, float* y) {
  const float d = load_half(block + d_at);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8;
    const int quarter = group % 8 / 2;  // the group's quarter of its half
    const int first = group % 2 * 16;   // the group's first value within the 32 of that quarter
    const std::byte* low = block + half * 64 + quarter % 2 * 32 + first;
    const std::byte* high = block + 128 + half * 32 + first;
    const int low_shift = quarter / 2 * 4;
    const int high_shift = quarter * 2;
    const float scale = d * static_cast<float>(load<std::int8_t>(block + scales + group));
    for (int i = 0; i < 16; ++i) {
      const int nibble = (std::to_integer<int>(low[i]) >> low_shift) & 15;
      const int pair = (std::to_integer<int>(high[i]) >> high_shift) & 3;
      y[group * 16 + i] = scale * static_cast<float>((nibble | (pair << 4)) - 32);
    }
  }
}

/// Place of value i's code in a block: a nibble, and two bits above it.
struct Place {
  std::size_t low;
  int low_shift;
  std::size_t high;
  int high_shift;
};

Place place_of(std::size_t i) {
  const std::size_t half = i / 128, quarter = i % 128 / 32, within = i % 32;
  return {half * 64 + quarter % 2 * 32 + within, static_cast<int>(quarter / 2 * 4), 128 + half * 32 + within,
          static_cast<int>(quarter * 2)};
}

void read_codes(const std::byte* block, std::int16_t* codes, float* steps) {
  const float d = load_half(block + d_at);
  for (std::size_t i = 0; i < 256; ++i) {
    const Place place = place_of(i);
    const int code = bits_of(block[place.low], place.low_shift, 15) | bits_of(block[place.high], place.high_shift, 3)
                                                                          << 4;
    codes[i] = static_cast<std::int16_t>(code);
    steps[i] = d * static_cast<float>(load<std::int8_t>(block + scales + i / 16));
  }
}

void write_codes(const std::int16_t* codes, std::byte* block) {
  for (std::size_t i = 0; i < 256; ++i) {
    const Place place = place_of(i);
    put_bits(block[place.low], codes[i], place.low_shift, 15);
    put_bits(block[place.high], codes[i] >> 4, place.high_shift, 3);
  }
}

void random(std::byte* block, float deviation) {
  std::memset(block + scales, 1, 16);
  store_half(deviation / 18.5f, block + d_at);
}

}  // namespace

extern constexpr Codec q6_k{
    .type = TensorType::q6_k,
    .traits = {"Q6_K", 256, 210, false},
    .decode = decode_each<256, 210, decode_block>,
    .codes = {0, 63},
    .read_codes = read_codes,
    .write_codes = write_codes,
    .random = random,
};

}  // namespace mobiedit::gguf::codec
