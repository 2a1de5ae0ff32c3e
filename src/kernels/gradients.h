// Gradients of the operations in vector_ops.h (vector-Jacobian products). Plain loops: a backward pass spends its time
// in matrix products.
#pragma once

#include <span>

namespace mobiedit::kernels {

/// With y = rms_norm(x, weight): gx = (dy/dx)ᵀ gy; all of length d. gx must not overlap the others.
void rms_norm_gradient(std::span<const float> x, std::span<const float> weight, float epsilon,
                       std::span<const float> gy, std::span<float> gx);

/// With y = silu(gate) * up: turns gate into (dy/dgate)ᵀ gy and up into (dy/dup)ᵀ gy, in place.
void silu_multiply_gradient(std::span<const float> gy, std::span<float> gate, std::span<float> up);

/// With y = gelu(gate) * up, GELU in its tanh form: turns gate and up into their gradients, as above.
void gelu_multiply_gradient(std::span<const float> gy, std::span<float> gate, std::span<float> up);

}  // namespace mobiedit::kernels
