// Table of vector operations for each instruction set; the plain set is the oracle of the others.
#pragma once

#include <cstddef>

namespace mobiedit::kernels {

/// Lengths are in floats; pointers need no alignment. vector_ops.h describes each.
struct VectorOps {
  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* y, std::size_t d);
  void (*silu_multiply)(const float* gate, const float* up, float* y, std::size_t n);
  void (*gelu_multiply)(const float* gate, const float* up, float* y, std::size_t n);
  void (*softmax)(float* x, std::size_t n);
  float (*log_sum_exp)(const float* x, std::size_t n);
  float (*dot)(const float* a, const float* b, std::size_t n);
  void (*axpy)(float a, const float* x, float* y, std::size_t n);
};

extern const VectorOps vector_ops_plain;
#if defined(__x86_64__)
extern const VectorOps vector_ops_avx2;
#endif

}  // namespace mobiedit::kernels
