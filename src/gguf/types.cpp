#include "mobiedit/gguf/types.h"

#include <cassert>

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

std::size_t row_bytes(TensorType type, std::size_t columns) {
  const TypeTraits* t = traits(type);
  assert(t != nullptr && columns % t->block_values == 0);
  return columns / t->block_values * t->block_bytes;
}

}  // namespace mobiedit::gguf
