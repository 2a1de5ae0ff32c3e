// Table of tensor types: a row for each type that is read.
#include <algorithm>
#include <array>

#include "gguf/codec/codec.h"

// One row per type, in the order of their numbers; the file of the same name has the codec.
// clang-format off
#define MOBIEDIT_CODECS(row) \
  row(f32) \
  row(f16) \
  row(q4_0) \
  row(q4_1) \
  row(q5_0) \
  row(q5_1) \
  row(q8_0) \
  row(q2_k) \
  row(q3_k) \
  row(q4_k) \
  row(q5_k) \
  row(q6_k) \
  row(iq4_nl) \
  row(iq4_xs) \
  row(bf16) \
  row(mxfp4)
// clang-format on

namespace mobiedit::gguf {
namespace codec {

#define MOBIEDIT_DECLARE(name) extern const Codec name;
MOBIEDIT_CODECS(MOBIEDIT_DECLARE)
#undef MOBIEDIT_DECLARE

}  // namespace codec

namespace {

#define MOBIEDIT_ADDRESS(name) &codec::name,
constexpr std::array table{MOBIEDIT_CODECS(MOBIEDIT_ADDRESS)};
#undef MOBIEDIT_ADDRESS

}  // namespace

std::span<const Codec* const> codecs() {
  return table;
}

const Codec* find_codec(TensorType type) {
  const auto at = std::ranges::find(table, type, [](const Codec* row) { return row->type; });
  return at == table.end() ? nullptr : *at;
}

bool as_fine_as(const Codec& type, const Codec& base) {
  if (base.exponent_bits == 0) return true;
  return type.exponent_bits >= base.exponent_bits && type.mantissa_bits >= base.mantissa_bits;
}

}  // namespace mobiedit::gguf
