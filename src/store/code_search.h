// Search for quantised codes of a weight row with the least output error (coordinate descent on a quadratic form).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "gguf/codes.h"

namespace mobiedit {

/// Changes `codes` so that r = steps * (codes - codes before) - change makes rᵀ H r small. First rounds each code to
/// the nearest, then repeatedly moves the code with the largest gain until none helps. H [f, f] is symmetric;
/// `gradient` [f] is scratch and ends as H r. A code whose step is 0 stays.
void choose_codes(const Eigen::MatrixXf& h, std::span<const float> steps, std::span<const float> change,
                  gguf::CodeRange range, std::span<std::int16_t> codes, Eigen::VectorXf& gradient,
                  Eigen::VectorXf& residual);

}  // namespace mobiedit
