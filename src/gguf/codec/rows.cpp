// Rows of a tensor through its codec: values, codes, names and sizes of types.
#include "gguf/codec/rows.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <string>

namespace mobiedit::gguf {
namespace {

/// Names the first reason why values cannot be written; null if there is none.
const char* unfit(std::span<const float> values, float largest) {
  for (const float value : values) {
    if (!std::isfinite(value)) return "a value is not a finite number";
    if (std::fabs(value) > largest) return "a value is too large for the type";
  }
  return nullptr;
}

template <class Chosen>
std::string listed(Chosen chosen) {
  std::string names;
  for (const Codec* codec : codecs()) {
    if (!chosen(*codec)) continue;
    if (!names.empty()) names += ", ";
    names += codec->traits.name;
  }
  return names;
}

}  // namespace

const TypeTraits* traits(TensorType type) {
  const Codec* codec = find_codec(type);
  return codec == nullptr ? nullptr : &codec->traits;
}

std::string type_name(TensorType type) {
  static constexpr std::string_view names[] = {
      "F32",   "F16",    "Q4_0", "Q4_1", "Q4_2", "Q4_3",    "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
      "Q3_K",  "Q4_K",   "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S", "IQ4_XS", "I8",   "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16"};
  const auto code = static_cast<std::uint32_t>(type);
  if (code < std::size(names)) return std::string(names[code]);
  if (type == TensorType::tq1_0) return "TQ1_0";
  if (type == TensorType::tq2_0) return "TQ2_0";
  if (type == TensorType::mxfp4) return "MXFP4";
  return "number " + std::to_string(code);
}

std::string readable_types() {
  return listed([](const Codec&) { return true; });
}

std::size_t row_bytes(TensorType type, std::size_t columns) {
  const TypeTraits* t = traits(type);
  assert(t != nullptr && columns % t->block_values == 0);
  return columns / t->block_values * t->block_bytes;
}

void dequantize(TensorType type, std::span<const std::byte> bytes, std::span<float> values) {
  const Codec* codec = find_codec(type);
  assert(codec != nullptr && bytes.size() == row_bytes(type, values.size()));
  codec->decode(bytes.data(), values.size() / codec->traits.block_values, values.data());
}

Status quantize(TensorType type, std::span<const float> values, std::span<std::byte> bytes) {
  const Codec* codec = find_codec(type);
  if (codec == nullptr || codec->encode == nullptr) {
    const std::string names = listed([](const Codec& row) { return row.encode != nullptr; });
    return fail(ErrorCode::usage, type_name(type) + " cannot be written", "quantisation", "use one of " + names);
  }
  const TypeTraits& t = codec->traits;
  const auto refuse = [&t](const std::string& why) {
    return fail(ErrorCode::usage, why, "quantisation to " + std::string(t.name));
  };
  if (values.size() % t.block_values != 0) return refuse("the values do not fill whole blocks");
  if (bytes.size() != row_bytes(type, values.size())) {
    return refuse("the size of the output is wrong; expected " + std::to_string(row_bytes(type, values.size())) +
                  " bytes, found " + std::to_string(bytes.size()));
  }
  if (const char* why = unfit(values, codec->largest)) return refuse(why);
  codec->encode(values.data(), values.size() / t.block_values, bytes.data());
  return {};
}

float float_step(const Codec& codec, float value) {
  assert(codec.exponent_bits != 0);
  const int smallest = 2 - (1 << (codec.exponent_bits - 1));  // exponent of subnormal numbers
  return std::ldexp(1.0f, std::max(std::ilogb(value), smallest) - codec.mantissa_bits);
}

void read_codes(const Codec& codec, std::span<const std::byte> bytes, std::span<std::int16_t> codes,
                std::span<float> steps) {
  const TypeTraits& t = codec.traits;
  assert(codec.read_codes != nullptr && bytes.size() == row_bytes(codec.type, codes.size()));
  assert(steps.size() == codes.size());
  const std::byte* block = bytes.data();
  for (std::size_t i = 0; i < codes.size(); i += t.block_values, block += t.block_bytes)
    codec.read_codes(block, codes.data() + i, steps.data() + i);
}

void write_codes(const Codec& codec, std::span<const std::int16_t> codes, std::span<std::byte> bytes) {
  const TypeTraits& t = codec.traits;
  assert(codec.write_codes != nullptr && bytes.size() == row_bytes(codec.type, codes.size()));
  std::byte* block = bytes.data();
  for (std::size_t i = 0; i < codes.size(); i += t.block_values, block += t.block_bytes)
    codec.write_codes(codes.data() + i, block);
}

}  // namespace mobiedit::gguf
