// Rotary positions, one row at a time.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/model/layer_spec.h"

namespace mobiedit {

/// [dimensions / 2]: radians per position, scaled as the specification says. `factors` divide the frequencies; may be
/// empty.
[[nodiscard]] std::vector<double> rope_frequencies(const RopeSpec& rope, std::span<const float> factors);

/// Turns every head of one row, as if at `position`; at −position it is the transpose.
void rotate_heads(std::span<float> row, int head_dim, const RopeSpec& rope, std::span<const double> frequencies,
                  int position);

}  // namespace mobiedit
