// Codec: how one tensor type stores its values. A type is one file in this folder and one row in table.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {

/// Layout of a type's groups of 32 values; without offsets the codes are signed.
struct GroupForm {
  /// Bits of a code: 4, 5 or 8; 0: the type has no groups of 32, because it is a float or scales 16 values.
  int bits = 0;
  bool offsets = false;
};

/// 32 neighbouring values: value i = codes[i] * scale + offset, rounded once, equals the value that llama.cpp reads.
struct Group {
  std::int8_t codes[32];
  float scale;
  float offset;  ///< 0 for a type without offsets
};

/// The integers that a code may become when a row is changed in place.
struct CodeSet {
  int least = 0;
  int most = 0;
  std::span<const std::int8_t> listed = {};  ///< ascending; empty: every integer from least to most
};

/// One tensor type. All functions take whole blocks and trust their arguments: a File's tensors are checked.
///
/// Decoding is exact up to one rounding per value, where a minimum is subtracted. A half has 11 significant bits, and
/// the integers that multiply it have at most 13 in all: their product fits the 24 bits of a float. So neither the
/// order of products nor fused arithmetic changes a bit.
struct Codec {
  TensorType type;
  TypeTraits traits;
  int exponent_bits = 0;  ///< bits of a float type's exponent; 0: the type is quantised
  int mantissa_bits = 0;  ///< bits of a float type's mantissa, as stored

  /// Blocks to floats: exactly the values that llama.cpp reads.
  void (*decode)(const std::byte* blocks, std::size_t count, float* values);
  /// Floats to blocks, as ggml's reference quantiser rounds them. Null: the type is not written.
  void (*encode)(const float* values, std::size_t count, std::byte* blocks) = nullptr;
  float largest = 0;  ///< magnitude that `encode` takes

  /// For the integer kernels. Null where group_form has no bits.
  GroupForm group_form = {};
  Group (*group)(const std::byte* block, std::size_t index) = nullptr;

  /// For changing codes while scales stay: value i = constant + codes[i] * steps[i]. A step may be negative or 0. Codes
  /// that write_codes takes are in `codes` or as they were read. Null for a float type.
  CodeSet codes = {};
  void (*read_codes)(const std::byte* block, std::int16_t* codes, float* steps) = nullptr;
  void (*write_codes)(const std::int16_t* codes, std::byte* block) = nullptr;

  /// Turns a block of random bytes into finite values of about this standard deviation, for made-up models.
  void (*random)(std::byte* block, float deviation);
};

/// All types that are read, in the order of their numbers.
[[nodiscard]] std::span<const Codec* const> codecs();

/// Null for a type that is not read.
[[nodiscard]] const Codec* find_codec(TensorType type);

/// Tells whether `type` has at least the range and precision of `base`, so that an edited tensor may become it.
[[nodiscard]] bool as_fine_as(const Codec& type, const Codec& base);

}  // namespace mobiedit::gguf
