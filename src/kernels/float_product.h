// Product of plain float matrices, for callers without a packed weight.
#pragma once

#include <cstddef>
#include <span>

namespace mobiedit::kernels {

/// y [m, n] = x [m, k] wᵀ, w [n, k]; all row-major without gaps. Runs on the calling thread with the best instruction
/// set. Packs w on each call, so w should be the smaller matrix. Throws std::bad_alloc.
void float_product(std::span<const float> x, std::span<const float> w, int k, std::span<float> y);

}  // namespace mobiedit::kernels
