// The tensor types of GGUF that are read here, and how their blocks are laid out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"

namespace mobiedit::gguf {

/// Numbers as GGUF stores them.
enum class TensorType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30,
};

/// `block_values` neighbouring values of a row share `block_bytes` bytes.
struct TypeTraits {
  std::string_view name;  ///< as llama.cpp prints it: "Q8_0", "Q4_K", "F16"
  std::size_t block_values;
  std::size_t block_bytes;
  bool writable;  ///< `quantize` supports it
};

/// Null for a type that is not read here.
[[nodiscard]] const TypeTraits* traits(TensorType type);

/// What ggml calls a type, of those that are not read here too: "IQ4_XS", "number 4242".
[[nodiscard]] std::string type_name(TensorType type);

/// Bytes of a row of `columns` values; columns must be a multiple of block_values.
[[nodiscard]] std::size_t row_bytes(TensorType type, std::size_t columns);

/// Exactly the values that llama.cpp reads. `values.size()` is a multiple of block_values, `bytes` as long as row_bytes
/// says: both are the caller's to have checked (a File's tensors are).
void dequantize(TensorType type, std::span<const std::byte> bytes, std::span<float> values);

/// Rounds to F32, F16, Q8_0 or Q4_0 as ggml's reference quantiser does. Errors: usage (another type, sizes that do not
/// fit, a value that is not finite or beyond the type's range; `bytes` is then undefined).
[[nodiscard]] Status quantize(TensorType type, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace mobiedit::gguf
