// The integers of a quantised row, and what one step of each is worth: for changing codes while scales stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {

struct CodeRange {
  int least;
  int most;
};

/// Whether codes of this type can be changed here: Q4_0, Q8_0, Q4_K, Q6_K.
[[nodiscard]] bool has_codes(TensorType type);

/// Of a type that has codes. Q8_0's -128 is left out: the file may hold it, but products in 8 bits do not expect it.
[[nodiscard]] CodeRange code_range(TensorType type);

/// value of i = something that stays + codes[i] * steps[i]; a step may be negative, or 0 in a block of zeros.
/// The bytes are as long as row_bytes says for codes.size() values, which are whole blocks.
void read_codes(TensorType type, std::span<const std::byte> bytes, std::span<std::int16_t> codes,
                std::span<float> steps);

/// Puts codes, each within the range or as it was, into a row; its scales stay.
void write_codes(TensorType type, std::span<const std::int16_t> codes, std::span<std::byte> bytes);

}  // namespace mobiedit::gguf
