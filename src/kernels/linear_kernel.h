// Interface of an instruction set for linear(): a layout for weights, one for quantised activations, and the product of
// a rectangle. Threads, edges of a matrix and memory are handled once, in linear.cpp.
//
// The files of instruction sets are compiled with flags that other processors do not understand. They must not
// instantiate inline functions of the standard library: the linker may take their copy for everyone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"

namespace mobiedit::kernels {

/// The rectangle rows [0, m) x panels [0, panels) of a product. All pointers are at its first row and panel.
struct Rectangle {
  const std::byte* weight;  // the first panel; panels lie panel_bytes apart
  int k;
  int panels;
  int columns;     // columns that exist: the last panel may be filled in part
  const float* x;  // f32: rows `x_stride` floats apart
  std::size_t x_stride;
  const std::byte* x_rows = nullptr;  // integers: rows `x_row_bytes` apart
  std::size_t x_row_bytes = 0;
  int m;
  const float* bias = nullptr;  // bias of the first column, or null
  float* y;
  std::size_t y_stride;
  bool accumulate = false;  // groups only: add to y
};

/// Memory layout of integer weights of one kind.
struct WeightForm {
  std::size_t (*panel_bytes)(int k);
  /// codes [panel, k]; scales [panel, k/32], or [panel] for a scale per row.
  void (*pack)(const std::int8_t* codes, const float* scales, int k, std::byte* panel);
  void (*unpack)(const std::byte* panel, int k, int row, float* values);
};

/// Memory layout of quantised activations of one kind.
struct RowForm {
  std::size_t (*bytes)(int k);
  void (*quantize)(const float* x, int k, std::byte* row);
};

using Multiply = void (*)(const Rectangle& rectangle);

/// Keys or values of one head at consecutive positions, `stride` floats apart.
struct CachedRows {
  const float* rows;
  std::size_t stride;
  int count;
};
/// scores [heads, count] = queries [heads, dim] times the keys.
using ScoreCached = void (*)(const CachedRows& keys, const float* queries, int heads, int dim, float* scores,
                             std::size_t score_stride);
/// out [heads, dim] = (`start`) or += weights [heads, count] times the values.
using WeighCached = void (*)(const CachedRows& values, const float* weights, std::size_t weight_stride, int heads,
                             int dim, bool start, float* out);

struct LinearKernel {
  int panel;     // weight rows that are packed together
  int row_tile;  // rows of activations that the inner loop holds at once: work is best cut at its multiples

  std::size_t (*panel_bytes_f32)(int k);
  /// rows [panel, k].
  void (*pack_f32)(const float* rows, int k, std::byte* panel);
  void (*unpack_f32)(const std::byte* panel, int k, int row, float* values);
  Multiply multiply_f32;

  WeightForm int8_g32;
  WeightForm int4_g32;
  WeightForm int8_row;
  RowForm rows_int8_g32;
  RowForm rows_int16_g32;
  RowForm rows_int8_row;

  Multiply multiply_int8;
  Multiply multiply_int8_by_16;
  Multiply multiply_int4;
  Multiply multiply_int4_by_16;
  Multiply multiply_int8_row;

  /// Both have the bits of multiply_f32 over packed keys and values. Null: a row is computed by that.
  ScoreCached score_cached = nullptr;
  WeighCached weigh_cached = nullptr;
};

extern const LinearKernel linear_plain;
#if defined(__x86_64__)
extern const LinearKernel linear_avx2;
extern const LinearKernel linear_avxvnni;
extern const LinearKernel linear_avx512vnni;
#elif defined(__aarch64__)
extern const LinearKernel linear_neon_dotprod;
extern const LinearKernel linear_neon_i8mm;
#endif

/// The kernel of an available instruction set.
const LinearKernel& linear_kernel(Isa isa);

}  // namespace mobiedit::kernels
