// Row operations between products: normalisation, gates, softmax, dot products. Plain loops that compilers vectorise,
// compiled once for each instruction set where that pays.
#pragma once

#include <span>

#include "kernels/isa.h"

namespace mobiedit::kernels {

struct VectorOps;

/// Row operations of one instruction set. Copies are cheap, and any number of threads may use one.
class RowOps {
 public:
  explicit RowOps(Isa isa);

  /// y = x / sqrt(mean(x²) + epsilon) * weight; all of length d; y may be x.
  void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y) const;
  /// y = silu(gate) * up, elementwise; y may be gate.
  void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) const;
  /// y = gelu(gate) * up, elementwise, with GELU in its tanh form; y may be gate.
  void gelu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) const;
  /// Softmax of x, in place.
  void softmax(std::span<float> x) const;
  /// log(sum(exp(x))), stable.
  [[nodiscard]] float log_sum_exp(std::span<const float> x) const;
  /// Dot product in float, summed in a fixed order.
  [[nodiscard]] float dot(std::span<const float> a, std::span<const float> b) const;
  /// y += a * x.
  void axpy(float a, std::span<const float> x, std::span<float> y) const;

 private:
  const VectorOps* ops_;
};

/// With x = min(gate, 7): y = x sigmoid(1.702 x) (clamp(up, −7, 7) + 1), as in gpt-oss; y may be gate.
void clamped_silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y);

/// x = cap * tanh(x / cap), elementwise.
void soft_cap(float cap, std::span<float> x);

// These operations on this processor's best instruction set, for code that has no model at hand.
void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y);
void softmax(std::span<float> x);
[[nodiscard]] float log_sum_exp(std::span<const float> x);
[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b);
void axpy(float a, std::span<const float> x, std::span<float> y);
void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y);

}  // namespace mobiedit::kernels
