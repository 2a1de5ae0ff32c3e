#include "kernels/linear.h"

#include <algorithm>
#include <cassert>

#include "kernels/linear_kernel.h"
#include "kernels/panels.h"

namespace mobiedit::kernels {
namespace {

float sum_of_group(const float* x) {
  // Eight sums side by side, so that it is quick; always these eight, so that it is the same everywhere.
  float sums[8] = {};
  for (int i = 0; i < group_size; i += 8) {
    for (int lane = 0; lane < 8; ++lane) sums[lane] += x[i + lane];
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// How a product is cut: rows_a_piece x panels_a_piece.
struct Cut {
  int rows;
  int panels;
};

/// Pieces of 3 to 40 microseconds, several for each thread: small against the time that a preempted worker may be away,
/// large against the time to take one.
Cut cut(const LinearKernel& kernel, int m, int panels, int k, int threads) {
  constexpr std::int64_t least = 1 << 17;  // multiply-accumulates
  constexpr std::int64_t most = 1 << 21;
  constexpr int most_rows = 96;  // whose activations stay in the level-2 cache beside a panel
  const int rows = std::min(m, divide_up(divide_up(m, divide_up(m, most_rows)), kernel.row_tile) * kernel.row_tile);
  const std::int64_t a_panel = static_cast<std::int64_t>(kernel.panel) * k * rows;
  const std::int64_t total = static_cast<std::int64_t>(kernel.panel) * k * m * panels;
  const std::int64_t piece = std::clamp(total / (4 * threads), least, most);
  return {rows, static_cast<int>(std::clamp<std::int64_t>(piece / a_panel, 1, panels))};
}

const RowForm& row_form(const LinearKernel& kernel, ActivationKind kind) {
  if (kind == ActivationKind::int16_g32) return kernel.rows_int16_g32;
  return kind == ActivationKind::int8_row ? kernel.rows_int8_row : kernel.rows_int8_g32;
}

Multiply multiply_of(const LinearKernel& kernel, WeightKind weight, ActivationKind x) {
  const bool wide = x == ActivationKind::int16_g32;
  assert(weight == WeightKind::f32 || x == activations_for(weight) || (wide && weight != WeightKind::int8_row));
  switch (weight) {
    case WeightKind::int8_g32:
      return wide ? kernel.multiply_int8_by_16 : kernel.multiply_int8;
    case WeightKind::int4_g32:
      return wide ? kernel.multiply_int4_by_16 : kernel.multiply_int4;
    case WeightKind::int8_row:
      return kernel.multiply_int8_row;
    default:
      return kernel.multiply_f32;
  }
}

}  // namespace

const LinearKernel& linear_kernel(Isa isa) {
  assert(available(isa));
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return linear_avx2;
    case Isa::avx_vnni:
      return linear_avxvnni;
    case Isa::avx512_vnni:
      return linear_avx512vnni;
#endif
    default:
      return linear_plain;
  }
}

void Activations::set(Isa isa_of_weights, const float* values, int rows, int length, std::size_t stride_of_rows,
                      ActivationKind wanted, bool sums, ThreadPool& pool) {
  assert(rows >= 0 && length > 0 && (wanted == ActivationKind::f32 || length % group_size == 0));
  isa = isa_of_weights;
  x = values;
  m = rows;
  k = length;
  stride = stride_of_rows;
  kind = wanted;
  has_sums = sums;
  if (kind == ActivationKind::f32) return;
  const RowForm& form = row_form(linear_kernel(isa), kind);
  row_bytes = form.bytes(k);
  quantized_rows.reserve(row_bytes * static_cast<std::size_t>(m));
  const auto groups = static_cast<std::size_t>(k / group_size);
  if (sums) group_sums.reserve(groups * static_cast<std::size_t>(m) * sizeof(float));
  const int rows_a_piece = std::max(1, 32768 / k);
  pool.run(divide_up(m, rows_a_piece), [&](int piece, int) {
    const int end = std::min(m, (piece + 1) * rows_a_piece);
    for (int row = piece * rows_a_piece; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      form.quantize(x + r * stride, k, quantized_rows.data() + r * row_bytes);
      if (!sums) continue;
      float* out = reinterpret_cast<float*>(group_sums.data()) + r * groups;
      for (std::size_t g = 0; g < groups; ++g) out[g] = sum_of_group(x + r * stride + g * group_size);
    }
  });
}

void linear(const PackedWeight& weight, const Activations& x, const float* bias, float* y, std::size_t stride,
            ThreadPool& pool) {
  assert(weight.n() > 0 && x.k == weight.k());
  assert(weight.kind() == WeightKind::f32 || x.isa == weight.isa());
  assert(weight.offsets() == nullptr || x.has_sums);
  if (x.m == 0) return;
  const LinearKernel& kernel = linear_kernel(weight.isa());
  const std::size_t bytes_a_panel = panel_bytes(kernel, weight.kind(), x.k);
  const int panels = divide_up(weight.n(), kernel.panel);
  const Cut piece_size = cut(kernel, x.m, panels, x.k, pool.threads());
  const int row_pieces = divide_up(x.m, piece_size.rows);
  const int panel_pieces = divide_up(panels, piece_size.panels);
  const Multiply multiply = multiply_of(kernel, weight.kind(), x.kind);

  pool.run(row_pieces * panel_pieces, [&](int piece, int) {
    // Neighbouring pieces share their weights, which are read from further away than the activations.
    const int first_row = piece % row_pieces * piece_size.rows;
    const int first_panel = piece / row_pieces * piece_size.panels;
    const int first_column = first_panel * kernel.panel;
    const auto row = static_cast<std::size_t>(first_row);
    const int panels_here = std::min(piece_size.panels, panels - first_panel);
    if (weight.offsets() != nullptr) {
      const int groups = x.k / group_size;
      const std::size_t offset_bytes = kernel.panel_bytes_f32(groups);
      kernel.multiply_f32({
          .weight = weight.offsets() + static_cast<std::size_t>(first_panel) * offset_bytes,
          .k = groups,
          .panels = panels_here,
          .columns = std::min(panels_here * kernel.panel, weight.n() - first_column),
          .x = reinterpret_cast<const float*>(x.group_sums.data()) + row * static_cast<std::size_t>(groups),
          .x_stride = static_cast<std::size_t>(groups),
          .m = std::min(piece_size.rows, x.m - first_row),
          .y = y + row * stride + first_column,
          .y_stride = stride,
      });
    }
    multiply({
        .weight = weight.data() + static_cast<std::size_t>(first_panel) * bytes_a_panel,
        .k = x.k,
        .panels = panels_here,
        .columns = std::min(panels_here * kernel.panel, weight.n() - first_column),
        .x = x.x + row * x.stride,
        .x_stride = x.stride,
        .x_rows = x.kind != ActivationKind::f32 ? x.quantized_rows.data() + row * x.row_bytes : nullptr,
        .x_row_bytes = x.row_bytes,
        .m = std::min(piece_size.rows, x.m - first_row),
        .bias = bias != nullptr ? bias + first_column : nullptr,
        .y = y + row * stride + first_column,
        .y_stride = stride,
        .accumulate = weight.offsets() != nullptr,
    });
  });
}

}  // namespace mobiedit::kernels
