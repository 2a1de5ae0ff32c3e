// Which codes a row should have, so that it does to keys what it is wanted to.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "gguf/codes.h"

namespace mobiedit {

/// Changes `codes` so that r = steps * (codes - codes before) - change makes rᵀ H r small: first each to the nearest,
/// then, as long as it helps, the one code that helps most by one step. H [f, f] is symmetric; `gradient` [f] is
/// scratch and ends as H r. A code whose step is 0 stays.
void choose_codes(const Eigen::MatrixXf& h, std::span<const float> steps, std::span<const float> change,
                  gguf::CodeRange range, std::span<std::int16_t> codes, Eigen::VectorXf& gradient,
                  Eigen::VectorXf& residual);

}  // namespace mobiedit
