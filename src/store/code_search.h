// Search for a row's integer codes whose products with keys come close to those that an edit wants.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "gguf/codec/codec.h"

namespace mobiedit {

/// Changes `codes` [f] so that r = steps * (codes - codes before) - change makes rᵀ H r small. First each code goes to
/// the nearest allowed one; then, as long as it helps, the code that helps most moves. H [f, f] is symmetric, and its
/// lower half is read. `residual` [f] ends as r, `gradient` [f] as H r. A code whose step is 0 stays.
void choose_codes(const Eigen::MatrixXf& h, std::span<const float> steps, std::span<const float> change,
                  const gguf::CodeSet& allowed, std::span<std::int16_t> codes, Eigen::VectorXf& gradient,
                  Eigen::VectorXf& residual);

}  // namespace mobiedit
