// Tensor types of GGUF: sizes of their blocks, and rows of them to floats and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"

namespace mobiedit::gguf {

/// Numbers of the types that GGUF files name. `traits` says which of them are read.
enum class TensorType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
};

/// `block_values` neighbouring values of a row share `block_bytes` bytes.
struct TypeTraits {
  std::string_view name;  ///< the name that llama.cpp prints: "Q8_0", "Q4_K", "F16"
  std::size_t block_values;
  std::size_t block_bytes;
  bool writable;  ///< `quantize` supports it
};

/// Returns null for a type that is not read.
[[nodiscard]] const TypeTraits* traits(TensorType type);

/// Returns ggml's name of a type, read or not: "IQ3_S"; for an unknown one "number 4242".
[[nodiscard]] std::string type_name(TensorType type);

/// Lists the types that are read, for messages: "F32, F16, …".
[[nodiscard]] std::string readable_types();

/// Bytes of a row of `columns` values; columns must be a multiple of block_values, and the type one that is read.
[[nodiscard]] std::size_t row_bytes(TensorType type, std::size_t columns);

/// Reads exactly the values that llama.cpp reads. The caller has checked that `values.size()` is a multiple of
/// block_values and `bytes.size()` equals row_bytes, as for a File's tensors.
void dequantize(TensorType type, std::span<const std::byte> bytes, std::span<float> values);

/// Rounds to a writable type as ggml's reference quantiser does. Errors: usage (a type that is not writable, sizes that
/// do not fit, a value that is not finite or beyond the type's range); `bytes` is undefined then.
[[nodiscard]] Status quantize(TensorType type, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace mobiedit::gguf
