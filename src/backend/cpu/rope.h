// Rotary positions, one row at a time.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/model/config.h"

namespace mobiedit {

/// [rope_dimensions / 2]: radians a position. `factors`: Llama 3's stretched frequencies, or empty.
[[nodiscard]] std::vector<double> inverse_frequencies(const ModelConfig& config, std::span<const float> factors);

/// Rotates every head of one row, as if at `position`; at −position it is the transpose.
void rotate_heads(std::span<float> row, const ModelConfig& config, std::span<const double> frequencies, int position);

}  // namespace mobiedit
