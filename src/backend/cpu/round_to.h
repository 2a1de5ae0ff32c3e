// Rounds floats to coarser formats, as floats.
#pragma once

#include <span>

#include "mobiedit/model/rounding.h"

namespace mobiedit {

/// In place, in groups of 32; a shorter last group is one too. Values are finite.
void round_to(NumberFormat format, std::span<float> values);

/// To 16-bit codes, −32767 … 32767, of which the greatest stands for `largest`; what is beyond is clipped. With
/// `largest` 0 all becomes 0.
void round_to_range(float largest, std::span<float> values);

}  // namespace mobiedit
