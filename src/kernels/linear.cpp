#include "kernels/linear.h"

#include <algorithm>
#include <cassert>

#include "kernels/linear_kernel.h"
#include "kernels/panels.h"

namespace mobiedit::kernels {
namespace {

float sum_of_group(const float* x) {
  // Eight sums side by side are quick; their fixed number and order give the same bits on every processor.
  float sums[8] = {};
  for (int i = 0; i < group_size; i += 8) {
    for (int lane = 0; lane < 8; ++lane) sums[lane] += x[i + lane];
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// A product is cut into tasks of rows_per_task x panels_per_task.
struct Cut {
  int rows;
  int panels;
};

/// Tasks take 3 to 40 microseconds, several for each thread: short against the time for which the system may preempt a
/// worker, long against the time to take a task. `total`: multiply-accumulates of all products of the call.
Cut cut(const LinearKernel& kernel, int m, int panels, int k, std::int64_t total, int threads) {
  constexpr std::int64_t least = 1 << 17;  // multiply-accumulates
  constexpr std::int64_t most = 1 << 21;
  constexpr int most_rows = 96;  // their activations stay in the level-2 cache beside a panel
  const int rows = std::min(m, divide_up(divide_up(m, divide_up(m, most_rows)), kernel.row_tile) * kernel.row_tile);
  const std::int64_t a_panel = static_cast<std::int64_t>(kernel.panel) * k * rows;
  const std::int64_t piece = std::clamp(total / (4 * threads), least, most);
  const int at_most = static_cast<int>(std::clamp<std::int64_t>(piece / a_panel, 1, panels));
  // A number of tasks that the threads can share evenly: one more would leave all but one of them idle at the end.
  const int tasks = divide_up(divide_up(panels, at_most), threads) * threads;
  return {rows, divide_up(panels, tasks)};
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
#elif defined(__aarch64__)
    case Isa::neon_dotprod:
      return linear_neon_dotprod;
    case Isa::neon_i8mm:
      return linear_neon_i8mm;
#endif
    default:
      return linear_plain;
  }
}

void Activations::set(Isa isa_of_weights, const float* values, int rows, int length, std::size_t stride_of_rows,
                      ActivationKind wanted, bool sums, ThreadPool& pool, const std::function<void(int)>& fill) {
  assert(rows >= 0 && length > 0 && (wanted == ActivationKind::f32 || length % group_size == 0));
  isa = isa_of_weights;
  x = values;
  m = rows;
  k = length;
  stride = stride_of_rows;
  kind = wanted;
  has_sums = sums;
  if (kind == ActivationKind::f32 && !fill) return;
  const bool codes = kind != ActivationKind::f32;
  const RowForm& form = row_form(linear_kernel(isa), kind);
  const std::size_t groups = codes ? static_cast<std::size_t>(k / group_size) : 0;
  if (codes) {
    row_bytes = form.bytes(k);
    quantized_rows.reserve(row_bytes * static_cast<std::size_t>(m));
    if (sums) group_sums.reserve(groups * static_cast<std::size_t>(m) * sizeof(float));
  }
  // Some microseconds per task.
  const int rows_per_task = std::clamp(divide_up(m, 2 * pool.threads()), divide_up(4096, k), divide_up(32768, k));
  pool.run(divide_up(m, rows_per_task), [&](int piece, int) {
    const int end = std::min(m, (piece + 1) * rows_per_task);
    for (int row = piece * rows_per_task; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      if (fill) fill(row);
      if (codes) form.quantize(x + r * stride, k, quantized_rows.data() + r * row_bytes);
      if (!codes || !sums) continue;
      float* out = reinterpret_cast<float*>(group_sums.data()) + r * groups;
      for (std::size_t g = 0; g < groups; ++g) out[g] = sum_of_group(x + r * stride + g * group_size);
    }
  });
}

namespace {

/// One of several products that run at once: the pieces it is cut into, and the number of its first task.
struct Part {
  Cut size;
  int row_pieces;
  int panels;
  int first;
};

void multiply_piece(const Product& product, const Activations& x, const Part& part, int piece) {
  const PackedWeight& weight = *product.weight;
  const LinearKernel& kernel = linear_kernel(weight.isa());
  // Neighbouring tasks share weights, which come from slower memory than the activations.
  const int first_row = piece % part.row_pieces * part.size.rows;
  const int first_panel = piece / part.row_pieces * part.size.panels;
  const int first_column = first_panel * kernel.panel;
  const auto row = static_cast<std::size_t>(first_row);
  const int panels = std::min(part.size.panels, part.panels - first_panel);
  const int columns = std::min(panels * kernel.panel, weight.n() - first_column);
  const int m = std::min(part.size.rows, x.m - first_row);
  float* y = product.y + row * product.stride + first_column;
  if (weight.offsets() != nullptr) {
    const int groups = x.k / group_size;
    kernel.multiply_f32({
        .weight = weight.offsets() + static_cast<std::size_t>(first_panel) * kernel.panel_bytes_f32(groups),
        .k = groups,
        .panels = panels,
        .columns = columns,
        .x = reinterpret_cast<const float*>(x.group_sums.data()) + row * static_cast<std::size_t>(groups),
        .x_stride = static_cast<std::size_t>(groups),
        .m = m,
        .y = y,
        .y_stride = product.stride,
    });
  }
  const Multiply multiply = multiply_of(kernel, weight.kind(), x.kind);
  const std::size_t first_byte = static_cast<std::size_t>(first_panel) * panel_bytes(kernel, weight.kind(), x.k);
  Rectangle rectangle{
      .weight = weight.data() + first_byte,
      .k = x.k,
      .panels = panels,
      .columns = columns,
      .x = x.x + row * x.stride,
      .x_stride = x.stride,
      .x_rows = x.kind != ActivationKind::f32 ? x.quantized_rows.data() + row * x.row_bytes : nullptr,
      .x_row_bytes = x.row_bytes,
      .m = m,
      .bias = product.bias != nullptr ? product.bias + first_column : nullptr,
      .y = y,
      .y_stride = product.stride,
      .accumulate = weight.offsets() != nullptr,
  };
  multiply(rectangle);
  if (weight.rest() == nullptr || x.kind != ActivationKind::int16_g32) return;
  rectangle.weight = weight.rest() + first_byte;
  rectangle.bias = nullptr;
  rectangle.accumulate = true;
  multiply(rectangle);
}

}  // namespace

void linear(std::span<const Product> products, const Activations& x, ThreadPool& pool) {
  assert(products.size() <= most_products);
  if (x.m == 0) return;
  std::int64_t total = 0;
  for (const Product& product : products) {
    assert(product.weight->n() > 0 && x.k == product.weight->k());
    assert(product.weight->kind() == WeightKind::f32 || x.isa == product.weight->isa());
    assert(product.weight->offsets() == nullptr || x.has_sums);
    total += static_cast<std::int64_t>(x.m) * x.k * product.weight->n();
  }
  Part parts[most_products];
  int pieces = 0;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const LinearKernel& kernel = linear_kernel(products[i].weight->isa());
    const int panels = divide_up(products[i].weight->n(), kernel.panel);
    const Cut size = cut(kernel, x.m, panels, x.k, total, pool.threads());
    parts[i] = {size, divide_up(x.m, size.rows), panels, pieces};
    pieces += parts[i].row_pieces * divide_up(panels, size.panels);
  }
  pool.run(pieces, [&](int piece, int) {
    std::size_t i = products.size() - 1;
    while (piece < parts[i].first) --i;
    multiply_piece(products[i], x, parts[i], piece - parts[i].first);
  });
}

void linear(const PackedWeight& weight, const Activations& x, const float* bias, float* y, std::size_t stride,
            ThreadPool& pool) {
  const Product product{&weight, bias, y, stride};
  linear({&product, 1}, x, pool);
}

}  // namespace mobiedit::kernels
