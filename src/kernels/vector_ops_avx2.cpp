// Vector operations with AVX2, 8 floats at a time.
#include <immintrin.h>

#include "kernels/vector_ops_table.h"

namespace mobiedit::kernels {
namespace {

/// Loads and stores the first n (0 … 8) of 8 floats.
__m256i tail_mask(std::size_t n) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
}

double sum(__m256d v) {
  const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

float sum(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

float greatest(__m256 v) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

__m256d widen_low(__m256 v) {
  return _mm256_cvtps_pd(_mm256_castps256_ps128(v));
}
__m256d widen_high(__m256 v) {
  return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
}

/// exp(x): x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 7 for exp(r) (Taylor's terms; the remainder
/// r^8/8! is below 2^-27), times 2^n. Within 2 ulp where the result is normal; below that 0, above
/// infinity, NaN for NaN.
__m256 exponential(__m256 x) {
  const __m256 least = _mm256_set1_ps(-87.33654f);  // ln of the smallest normal float
  const __m256 most = _mm256_set1_ps(88.72283f);    // ln of the greatest float
  const __m256 inside = _mm256_max_ps(_mm256_min_ps(x, most), least);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(inside, _mm256_set1_ps(1.44269504f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), inside);  // 9 bits of ln 2: the product is exact
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 720));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
  p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
  p = _mm256_add_ps(p, _mm256_set1_ps(1.0f));
  // 2^n as a product of two powers, since n reaches 128 and a float ends below 2^128.
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256 first = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
  const __m256 second =
      _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23));
  __m256 y = _mm256_mul_ps(_mm256_mul_ps(p, first), second);
  y = _mm256_andnot_ps(_mm256_cmp_ps(x, least, _CMP_LT_OQ), y);
  y = _mm256_blendv_ps(y, _mm256_set1_ps(__builtin_inff()), _mm256_cmp_ps(x, most, _CMP_GT_OQ));
  return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

void rms_norm(const float* x, const float* weight, float epsilon, float* y, std::size_t d) {
  __m256d even = _mm256_setzero_pd();
  __m256d odd = _mm256_setzero_pd();
  std::size_t i = 0;
  const auto add = [&](__m256 v) {
    const __m256d low = widen_low(v);
    const __m256d high = widen_high(v);
    even = _mm256_fmadd_pd(low, low, even);
    odd = _mm256_fmadd_pd(high, high, odd);
  };
  for (; i + 8 <= d; i += 8) add(_mm256_loadu_ps(x + i));
  if (i < d) add(_mm256_maskload_ps(x + i, tail_mask(d - i)));
  const double mean = sum(_mm256_add_pd(even, odd)) / static_cast<double>(d);
  const float scalar = static_cast<float>(1.0 / __builtin_sqrt(mean + static_cast<double>(epsilon)));
  const __m256 scale = _mm256_set1_ps(scalar);
  for (i = 0; i + 8 <= d; i += 8) {
    const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + i), scale);
    _mm256_storeu_ps(y + i, _mm256_mul_ps(scaled, _mm256_loadu_ps(weight + i)));
  }
  for (; i < d; ++i) y[i] = x[i] * scalar * weight[i];
}

__m256 silu(__m256 x) {
  const __m256 one = _mm256_set1_ps(1.0f);
  return _mm256_div_ps(x, _mm256_add_ps(one, exponential(_mm256_xor_ps(x, _mm256_set1_ps(-0.0f)))));
}

void silu_multiply(const float* gate, const float* up, float* y, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_mul_ps(silu(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
  }
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    _mm256_maskstore_ps(y + i, mask,
                        _mm256_mul_ps(silu(_mm256_maskload_ps(gate + i, mask)), _mm256_maskload_ps(up + i, mask)));
  }
}

/// x (1 + tanh(u)) / 2 = x / (1 + exp(−2u)) with u = sqrt(2/π) (x + 0.044715 x³).
__m256 gelu(__m256 x) {
  const __m256 cube = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
  const __m256 inner = _mm256_fmadd_ps(_mm256_set1_ps(0.044715f), cube, x);
  const __m256 e = exponential(_mm256_mul_ps(_mm256_set1_ps(-1.59576912160573071f), inner));
  return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

void gelu_multiply(const float* gate, const float* up, float* y, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_mul_ps(gelu(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
  }
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    _mm256_maskstore_ps(y + i, mask,
                        _mm256_mul_ps(gelu(_mm256_maskload_ps(gate + i, mask)), _mm256_maskload_ps(up + i, mask)));
  }
}

const float minus_infinity = -__builtin_inff();

/// The first n floats, then minus infinity, which adds nothing to a sum of exponentials.
__m256 load_or_least(const float* x, __m256i mask) {
  return _mm256_blendv_ps(_mm256_set1_ps(minus_infinity), _mm256_maskload_ps(x, mask), _mm256_castsi256_ps(mask));
}

float greatest(const float* x, std::size_t n) {
  __m256 most = _mm256_set1_ps(minus_infinity);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) most = _mm256_max_ps(most, _mm256_loadu_ps(x + i));
  if (i < n) most = _mm256_max_ps(most, load_or_least(x + i, tail_mask(n - i)));
  return greatest(most);
}

/// Sum of exp(x - most), in double; `keep` is given each 8 of them.
template <class Keep>
double sum_of_exponentials(const float* x, std::size_t n, float most, const Keep& keep) {
  const __m256 shift = _mm256_set1_ps(most);
  __m256d low = _mm256_setzero_pd();
  __m256d high = _mm256_setzero_pd();
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 e = exponential(_mm256_sub_ps(_mm256_loadu_ps(x + i), shift));
    low = _mm256_add_pd(low, widen_low(e));
    high = _mm256_add_pd(high, widen_high(e));
    keep(i, e);
  }
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    const __m256 e = exponential(_mm256_sub_ps(load_or_least(x + i, mask), shift));
    low = _mm256_add_pd(low, widen_low(e));
    high = _mm256_add_pd(high, widen_high(e));
    keep(i, e);
  }
  return sum(_mm256_add_pd(low, high));
}

void softmax(float* x, std::size_t n) {
  const double total = sum_of_exponentials(x, n, greatest(x, n), [&](std::size_t i, __m256 e) {
    if (i + 8 <= n) {
      _mm256_storeu_ps(x + i, e);
    } else {
      _mm256_maskstore_ps(x + i, tail_mask(n - i), e);
    }
  });
  const float scalar = static_cast<float>(1.0 / total);
  const __m256 scale = _mm256_set1_ps(scalar);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), scale));
  for (; i < n; ++i) x[i] *= scalar;
}

float log_sum_exp(const float* x, std::size_t n) {
  const float most = greatest(x, n);
  if (__builtin_isinf(most)) return most;
  const double total = sum_of_exponentials(x, n, most, [](std::size_t, __m256) {});
  return static_cast<float>(most + __builtin_log(total));
}

float dot(const float* a, const float* b, std::size_t n) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      sums[j] = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8 * j), _mm256_loadu_ps(b + i + 8 * j), sums[j]);
    }
  }
  for (; i + 8 <= n; i += 8) sums[0] = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sums[0]);
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    sums[1] = _mm256_fmadd_ps(_mm256_maskload_ps(a + i, mask), _mm256_maskload_ps(b + i, mask), sums[1]);
  }
  return sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

void axpy(float a, const float* x, float* y, std::size_t n) {
  const __m256 factor = _mm256_set1_ps(a);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  }
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    _mm256_maskstore_ps(y + i, mask,
                        _mm256_fmadd_ps(factor, _mm256_maskload_ps(x + i, mask), _mm256_maskload_ps(y + i, mask)));
  }
}

}  // namespace

const VectorOps vector_ops_avx2 = {rms_norm, silu_multiply, gelu_multiply, softmax, log_sum_exp, dot, axpy};

}  // namespace mobiedit::kernels
