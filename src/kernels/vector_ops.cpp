#include "kernels/vector_ops.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "kernels/vector_ops_table.h"

namespace mobiedit::kernels {
namespace {

const VectorOps& table_of([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  if (isa != Isa::portable) return vector_ops_avx2;
#endif
  return vector_ops_plain;
}

const RowOps& best_ops() {
  static const RowOps best(best_isa());
  return best;
}

}  // namespace

RowOps::RowOps(Isa isa) : ops_(&table_of(isa)) {}

void RowOps::rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
                      std::span<float> y) const {
  assert(x.size() == weight.size() && x.size() == y.size());
  ops_->rms_norm(x.data(), weight.data(), epsilon, y.data(), x.size());
}

void RowOps::silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) const {
  assert(gate.size() == up.size() && gate.size() == y.size());
  ops_->silu_multiply(gate.data(), up.data(), y.data(), y.size());
}

void RowOps::gelu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) const {
  assert(gate.size() == up.size() && gate.size() == y.size());
  ops_->gelu_multiply(gate.data(), up.data(), y.data(), y.size());
}

void RowOps::softmax(std::span<float> x) const {
  ops_->softmax(x.data(), x.size());
}

float RowOps::log_sum_exp(std::span<const float> x) const {
  return ops_->log_sum_exp(x.data(), x.size());
}

float RowOps::dot(std::span<const float> a, std::span<const float> b) const {
  assert(a.size() == b.size());
  return ops_->dot(a.data(), b.data(), a.size());
}

void RowOps::axpy(float a, std::span<const float> x, std::span<float> y) const {
  assert(x.size() == y.size());
  ops_->axpy(a, x.data(), y.data(), y.size());
}

void clamped_silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) {
  constexpr float limit = 7.0f, slope = 1.702f;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float x = std::min(gate[i], limit);
    y[i] = x / (1.0f + std::exp(-slope * x)) * (std::clamp(up[i], -limit, limit) + 1.0f);
  }
}

void soft_cap(float cap, std::span<float> x) {
  for (float& value : x) value = cap * std::tanh(value / cap);
}

void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y) {
  best_ops().rms_norm(x, weight, epsilon, y);
}

void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) {
  best_ops().silu_multiply(gate, up, y);
}

void softmax(std::span<float> x) {
  best_ops().softmax(x);
}

float log_sum_exp(std::span<const float> x) {
  return best_ops().log_sum_exp(x);
}

float dot(std::span<const float> a, std::span<const float> b) {
  return best_ops().dot(a, b);
}

void axpy(float a, std::span<const float> x, std::span<float> y) {
  best_ops().axpy(a, x, y);
}

}  // namespace mobiedit::kernels
