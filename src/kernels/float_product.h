// A product of plain float matrices, for whoever has no packed weight at hand.
#pragma once

#include <cstddef>
#include <span>

namespace mobiedit::kernels {

/// y [m, n] = x [m, k] wᵀ, w [n, k]; all row by row, one after another. On one thread, with the best instructions that
/// there are; w is packed anew each time, so it should be the smaller of the two. Throws std::bad_alloc.
void float_product(std::span<const float> x, std::span<const float> w, int k, std::span<float> y);

}  // namespace mobiedit::kernels
