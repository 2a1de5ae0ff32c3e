// Row operations between products: normalisation, gate, softmax. Plain loops that compilers vectorise, with versions
// for an instruction set where that pays.
#pragma once

#include <span>

namespace mobiedit::kernels {

/// y = x / sqrt(mean(x²) + epsilon) * weight; all of length d.
void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y);

/// y = silu(gate) * up, elementwise; y may be gate.
void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y);

/// Softmax of x, in place.
void softmax(std::span<float> x);

/// log(sum(exp(x))), stable.
[[nodiscard]] float log_sum_exp(std::span<const float> x);

/// Dot product in float, summed in a fixed order.
[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b);

/// y += a * x.
void axpy(float a, std::span<const float> x, std::span<float> y);

}  // namespace mobiedit::kernels
