#include "kernels/vector_ops.h"

#include <cassert>

#include "kernels/isa.h"
#include "kernels/vector_ops_table.h"

namespace mobiedit::kernels {
namespace {

const VectorOps& ops() {
#if defined(__x86_64__)
  static const VectorOps& best = available(Isa::avx2) ? vector_ops_avx2 : vector_ops_plain;
  return best;
#else
  return vector_ops_plain;
#endif
}

}  // namespace

void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon, std::span<float> y) {
  assert(x.size() == weight.size() && x.size() == y.size());
  ops().rms_norm(x.data(), weight.data(), epsilon, y.data(), x.size());
}

void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> y) {
  assert(gate.size() == up.size() && gate.size() == y.size());
  ops().silu_multiply(gate.data(), up.data(), y.data(), y.size());
}

void softmax(std::span<float> x) {
  ops().softmax(x.data(), x.size());
}

float log_sum_exp(std::span<const float> x) {
  return ops().log_sum_exp(x.data(), x.size());
}

float dot(std::span<const float> a, std::span<const float> b) {
  assert(a.size() == b.size());
  return ops().dot(a.data(), b.data(), a.size());
}

void axpy(float a, std::span<const float> x, std::span<float> y) {
  assert(x.size() == y.size());
  ops().axpy(a, x.data(), y.data(), y.size());
}

}  // namespace mobiedit::kernels
