// Codes of a quantised row, for changing them while scales stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gguf/codec/codec.h"

namespace mobiedit::gguf {

/// Reads codes and steps of a row: value i = constant + codes[i] * steps[i]. A step may be negative, or 0 in a block of
/// zeros. The codec has codes; codes.size() values fill whole blocks, and `bytes` has row_bytes of them.
void read_codes(const Codec& codec, std::span<const std::byte> bytes, std::span<std::int16_t> codes,
                std::span<float> steps);

/// Puts codes, each in the codec's set or as it was, into a row; its scales stay.
void write_codes(const Codec& codec, std::span<const std::int16_t> codes, std::span<std::byte> bytes);

/// Distance from a value of a float type to the next larger magnitude.
[[nodiscard]] float float_step(const Codec& codec, float value);

}  // namespace mobiedit::gguf
