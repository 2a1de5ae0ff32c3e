// Vector operations, plain reference: sums in double, the standard library's exp.
#include <cmath>
#include <limits>

#include "kernels/vector_ops_table.h"

namespace mobiedit::kernels {
namespace {

void rms_norm(const float* x, const float* weight, float epsilon, float* y, std::size_t d) {
  double squares = 0;
  for (std::size_t i = 0; i < d; ++i) squares += static_cast<double>(x[i]) * x[i];
  const float scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(d) + epsilon));
  for (std::size_t i = 0; i < d; ++i) y[i] = x[i] * scale * weight[i];
}

void silu_multiply(const float* gate, const float* up, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void gelu_multiply(const float* gate, const float* up, float* y, std::size_t n) {
  constexpr float root = 0.79788456080286536f;  // of 2 / π
  for (std::size_t i = 0; i < n; ++i) {
    const float x = gate[i];
    y[i] = 0.5f * x * (1.0f + std::tanh(root * (x + 0.044715f * x * x * x))) * up[i];
  }
}

float greatest(const float* x, std::size_t n) {
  float most = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

void softmax(float* x, std::size_t n) {
  const float most = greatest(x, n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] = std::exp(x[i] - most);
  const float scale = static_cast<float>(1.0 / sum);
  for (std::size_t i = 0; i < n; ++i) x[i] *= scale;
}

float log_sum_exp(const float* x, std::size_t n) {
  const float most = greatest(x, n);
  if (std::isinf(most)) return most;
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(x[i] - most);
  return static_cast<float>(most + std::log(sum));
}

float dot(const float* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

void axpy(float a, const float* x, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

}  // namespace

const VectorOps vector_ops_plain = {rms_norm, silu_multiply, gelu_multiply, softmax, log_sum_exp, dot, axpy};

}  // namespace mobiedit::kernels
