// Frobenius norm of a model's own weight.
#pragma once

#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// ‖W‖ of a layer's down weight, dequantised row by row. The tensor must be there. Throws std::bad_alloc.
[[nodiscard]] double down_weight_norm(const gguf::File& file, int layer);

}  // namespace mobiedit
