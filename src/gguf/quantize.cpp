// Floats to blocks.
//
// The roundings are those of ggml's reference quantiser as its source has them, each operation rounded by itself: this
// file is compiled without fused multiply-add, which would move a code that lies exactly between two.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/half.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are written as they lie in the file");

constexpr std::size_t block_values = 32;
constexpr float largest_half = 65504.0f;

void store_half(float value, std::byte* to) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(to, &half, sizeof half);
}

/// 1 / scale, or 0 where that is not a number to multiply with; such a scale is zero as a half.
float inverse(float scale) {
  const float result = 1.0f / scale;
  return std::isfinite(result) ? result : 0.0f;
}

/// Scale: the largest magnitude is code 127.
void q8_0(const float* x, std::byte* block) {
  float largest = 0;
  for (std::size_t i = 0; i < block_values; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float scale = largest / 127.0f;
  const float factor = inverse(scale);
  store_half(scale, block);
  for (std::size_t i = 0; i < block_values; ++i) {
    block[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(x[i] * factor)));
  }
}

/// Scale: the value of largest magnitude, the first if there are two, is code -8. So the scale has the opposite sign
/// of that value, and +8 does not exist.
void q4_0(const float* x, std::byte* block) {
  float largest = 0;
  for (std::size_t i = 0; i < block_values; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  const float scale = largest / -8.0f;
  const float factor = inverse(scale);
  store_half(scale, block);
  const auto code = [&](std::size_t i) { return std::min(static_cast<int>(x[i] * factor + 8.5f), 15); };
  for (std::size_t i = 0; i < block_values / 2; ++i) {
    block[2 + i] = static_cast<std::byte>(code(i) | (code(i + block_values / 2) << 4));
  }
}

/// Null if every value is finite and none of them, divided by what the type divides the largest by, leaves the range of
/// a half.
const char* unfit(std::span<const float> values, float limit) {
  for (const float value : values) {
    if (!std::isfinite(value)) return "a value is not a finite number";
    if (std::fabs(value) > limit) return "a value is too large for the type";
  }
  return nullptr;
}

}  // namespace

Status quantize(TensorType type, std::span<const float> values, std::span<std::byte> bytes) {
  const TypeTraits* t = traits(type);
  if (t == nullptr || !t->writable) {
    return fail(ErrorCode::usage, std::string(t == nullptr ? "this type" : t->name) + " cannot be written",
                "quantisation", "use F32, F16, Q8_0 or Q4_0");
  }
  const auto refuse = [t](const std::string& why) {
    return fail(ErrorCode::usage, why, "quantisation to " + std::string(t->name));
  };
  if (values.size() % t->block_values != 0) return refuse("the values do not fill whole blocks");
  if (bytes.size() != row_bytes(type, values.size())) return refuse("the bytes are not as many as the values need");

  const float limit = type == TensorType::f16    ? largest_half
                      : type == TensorType::q8_0 ? 127.0f * largest_half
                      : type == TensorType::q4_0 ? 8.0f * largest_half
                                                 : INFINITY;
  if (const char* why = unfit(values, limit)) return refuse(why);

  switch (type) {
    case TensorType::f32:
      if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
      break;
    case TensorType::f16:
      for (std::size_t i = 0; i < values.size(); ++i) store_half(values[i], bytes.data() + 2 * i);
      break;
    case TensorType::q8_0:
    case TensorType::q4_0:
      for (std::size_t i = 0; i < values.size() / block_values; ++i) {
        const float* x = values.data() + i * block_values;
        std::byte* block = bytes.data() + i * t->block_bytes;
        type == TensorType::q8_0 ? q8_0(x, block) : q4_0(x, block);
      }
      break;
    default:
      break;
  }
  return {};
}

}  // namespace mobiedit::gguf
