#include "mobiedit/gguf/types.h"

#include <cassert>
#include <iterator>

namespace mobiedit::gguf {

const TypeTraits* traits(TensorType type) {
  static constexpr TypeTraits f32{"F32", 1, 4, true};
  static constexpr TypeTraits f16{"F16", 1, 2, true};
  static constexpr TypeTraits bf16{"BF16", 1, 2, false};
  static constexpr TypeTraits q4_0{"Q4_0", 32, 18, true};
  static constexpr TypeTraits q4_1{"Q4_1", 32, 20, false};
  static constexpr TypeTraits q5_0{"Q5_0", 32, 22, false};
  static constexpr TypeTraits q5_1{"Q5_1", 32, 24, false};
  static constexpr TypeTraits q8_0{"Q8_0", 32, 34, true};
  static constexpr TypeTraits q4_k{"Q4_K", 256, 144, false};
  static constexpr TypeTraits q5_k{"Q5_K", 256, 176, false};
  static constexpr TypeTraits q6_k{"Q6_K", 256, 210, false};
  switch (type) {
    case TensorType::f32:
      return &f32;
    case TensorType::f16:
      return &f16;
    case TensorType::bf16:
      return &bf16;
    case TensorType::q4_0:
      return &q4_0;
    case TensorType::q4_1:
      return &q4_1;
    case TensorType::q5_0:
      return &q5_0;
    case TensorType::q5_1:
      return &q5_1;
    case TensorType::q8_0:
      return &q8_0;
    case TensorType::q4_k:
      return &q4_k;
    case TensorType::q5_k:
      return &q5_k;
    case TensorType::q6_k:
      return &q6_k;
  }
  return nullptr;
}

std::string type_name(TensorType type) {
  const auto code = static_cast<std::uint32_t>(type);
  static constexpr std::string_view names[] = {
      "F32",   "F16",    "Q4_0", "Q4_1", "Q4_2", "Q4_3",    "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
      "Q3_K",  "Q4_K",   "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S", "IQ4_XS", "I8",   "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16"};
  if (code < std::size(names)) return std::string(names[code]);
  if (code == 34) return "TQ1_0";
  if (code == 35) return "TQ2_0";
  if (code == 39) return "MXFP4";
  return "number " + std::to_string(code);
}

std::size_t row_bytes(TensorType type, std::size_t columns) {
  const TypeTraits* t = traits(type);
  assert(t != nullptr && columns % t->block_values == 0);
  return columns / t->block_values * t->block_bytes;
}

}  // namespace mobiedit::gguf
