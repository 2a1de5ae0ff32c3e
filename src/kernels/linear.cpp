#include "kernels/linear.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <new>
#include <string>

#include "kernels/linear_kernel.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

int divide_up(int a, int b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

std::size_t panel_bytes(const LinearKernel& kernel, WeightKind kind, int k) {
  return kind == WeightKind::f32 ? kernel.panel_bytes_f32(k) : kernel.panel_bytes_int8(k);
}

Status check_shape(Isa isa, WeightKind kind, int n, int k) {
  if (!available(isa)) return fail(ErrorCode::usage, "this processor does not have " + std::string(name(isa)));
  const std::string shape = std::to_string(n) + " x " + std::to_string(k);
  if (n < 1 || k < 1) return fail(ErrorCode::usage, "a weight of shape " + shape);
  if (kind == WeightKind::int8_g32 && k % group_size != 0) {
    return fail(ErrorCode::usage, "a weight of shape " + shape + " cannot be held in groups of 32");
  }
  // So that no size below can overflow: a panel is at most 64 rows of 4 bytes a value.
  if (k > std::numeric_limits<int>::max() / 1024 || n > std::numeric_limits<int>::max() - 1024) {
    return fail(ErrorCode::usage, "a weight of shape " + shape + " is too large");
  }
  return {};
}

std::unexpected<Error> no_memory(int n, int k) {
  return fail(ErrorCode::out_of_memory,
              "no memory for a weight of shape " + std::to_string(n) + " x " + std::to_string(k));
}

/// Bytes that each thread of a pool has to itself.
class Scratch {
 public:
  Scratch(const ThreadPool& pool, std::size_t bytes)
      : bytes_((bytes + AlignedBuffer::alignment - 1) / AlignedBuffer::alignment * AlignedBuffer::alignment),
        buffer_(bytes_ * static_cast<std::size_t>(pool.threads())) {}

  template <class T>
  [[nodiscard]] T* of(int thread) {
    return reinterpret_cast<T*>(buffer_.data() + bytes_ * static_cast<std::size_t>(thread));
  }

 private:
  std::size_t bytes_;
  AlignedBuffer buffer_;
};

/// pack(first row, rows that exist, thread, panel) for each panel of a weight of n rows.
template <class Pack>
void for_panels(const LinearKernel& kernel, std::size_t bytes_a_panel, int n, std::byte* data, ThreadPool& pool,
                const Pack& pack) {
  pool.run(divide_up(n, kernel.panel), [&](int panel, int thread) {
    const int first = panel * kernel.panel;
    pack(first, std::min(kernel.panel, n - first), thread, data + static_cast<std::size_t>(panel) * bytes_a_panel);
  });
}

/// fill(row, thread, codes [k], scales [k/32]) for each of n rows.
template <class Fill>
void pack_groups(const LinearKernel& kernel, int n, int k, std::byte* data, ThreadPool& pool, const Fill& fill) {
  const auto length = static_cast<std::size_t>(k);
  const std::size_t groups = length / group_size;
  const auto panel_rows = static_cast<std::size_t>(kernel.panel);
  Scratch all_codes(pool, panel_rows * length);
  Scratch all_scales(pool, panel_rows * groups * sizeof(float));
  for_panels(kernel, kernel.panel_bytes_int8(k), n, data, pool,
             [&](int first, int present, int thread, std::byte* panel) {
               std::int8_t* codes = all_codes.of<std::int8_t>(thread);
               float* scales = all_scales.of<float>(thread);
               const auto rows = static_cast<std::size_t>(present);
               for (std::size_t i = 0; i < rows; ++i) {
                 fill(first + static_cast<int>(i), thread, codes + i * length, scales + i * groups);
               }
               std::fill(codes + rows * length, codes + panel_rows * length, std::int8_t{0});
               std::fill(scales + rows * groups, scales + panel_rows * groups, 0.0f);
               kernel.pack_int8(codes, scales, k, panel);
             });
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

std::size_t PackedWeight::packed_bytes(Isa isa, WeightKind kind, int n, int k) {
  const LinearKernel& kernel = linear_kernel(isa);
  return static_cast<std::size_t>(divide_up(n, kernel.panel)) * panel_bytes(kernel, kind, k);
}

Result<PackedWeight> PackedWeight::allocate(Isa isa, WeightKind kind, int n, int k) {
  if (Status status = check_shape(isa, kind, n, k); !status) return std::unexpected(std::move(status.error()));
  PackedWeight weight;
  weight.n_ = n;
  weight.k_ = k;
  weight.kind_ = kind;
  weight.isa_ = isa;
  weight.data_.reserve(packed_bytes(isa, kind, n, k));
  return weight;
}

void PackedWeight::row(int i, std::span<float> values) const {
  assert(i >= 0 && i < n_ && values.size() == static_cast<std::size_t>(k_));
  const LinearKernel& kernel = linear_kernel(isa_);
  const std::byte* panel = data() + static_cast<std::size_t>(i / kernel.panel) * panel_bytes(kernel, kind_, k_);
  const auto unpack = kind_ == WeightKind::f32 ? kernel.unpack_f32 : kernel.unpack_int8;
  unpack(panel, k_, i % kernel.panel, values.data());
}

Result<PackedWeight> PackedWeight::from_floats(Isa isa, WeightKind kind, int n, int k, const FloatRows& rows,
                                               ThreadPool& pool) try {
  Result<PackedWeight> weight = allocate(isa, kind, n, k);
  if (!weight) return weight;
  const LinearKernel& kernel = linear_kernel(isa);
  const auto length = static_cast<std::size_t>(k);
  if (kind == WeightKind::f32) {
    Scratch scratch(pool, static_cast<std::size_t>(kernel.panel) * length * sizeof(float));
    for_panels(kernel, kernel.panel_bytes_f32(k), n, weight->data_.data(), pool,
               [&](int first, int present, int thread, std::byte* panel) {
                 float* values = scratch.of<float>(thread);
                 for (int i = 0; i < present; ++i) {
                   rows(first + i, {values + static_cast<std::size_t>(i) * length, length});
                 }
                 std::fill(values + static_cast<std::size_t>(present) * length,
                           values + static_cast<std::size_t>(kernel.panel) * length, 0.0f);
                 kernel.pack_f32(values, k, panel);
               });
    return weight;
  }
  Scratch values(pool, length * sizeof(float));
  pack_groups(kernel, n, k, weight->data_.data(), pool, [&](int row, int thread, std::int8_t* codes, float* scales) {
    float* x = values.of<float>(thread);
    rows(row, {x, length});
    for (std::size_t g = 0; g < length / group_size; ++g) {
      scales[g] = quantize_group(x + g * group_size, codes + g * group_size);
    }
  });
  return weight;
} catch (const std::bad_alloc&) {
  return no_memory(n, k);
}

Result<PackedWeight> PackedWeight::from_groups(Isa isa, int n, int k, const GroupRows& rows, ThreadPool& pool) try {
  Result<PackedWeight> weight = allocate(isa, WeightKind::int8_g32, n, k);
  if (!weight) return weight;
  const auto length = static_cast<std::size_t>(k);
  pack_groups(linear_kernel(isa), n, k, weight->data_.data(), pool,
              [&](int row, int, std::int8_t* codes, float* scales) {
                rows(row, {codes, length}, {scales, length / group_size});
              });
  return weight;
} catch (const std::bad_alloc&) {
  return no_memory(n, k);
}

void Activations::set(Isa isa_of_weights, const float* values, int rows, int length, std::size_t stride_of_rows,
                      bool quantize, ThreadPool& pool) {
  assert(rows >= 0 && length > 0 && (!quantize || length % group_size == 0));
  isa = isa_of_weights;
  x = values;
  m = rows;
  k = length;
  stride = stride_of_rows;
  quantized = quantize;
  if (!quantize) return;
  const LinearKernel& kernel = linear_kernel(isa);
  row_bytes = kernel.row_bytes_int8(k);
  quantized_rows.reserve(row_bytes * static_cast<std::size_t>(m));
  const int rows_a_piece = std::max(1, 32768 / k);
  pool.run(divide_up(m, rows_a_piece), [&](int piece, int) {
    const int end = std::min(m, (piece + 1) * rows_a_piece);
    for (int row = piece * rows_a_piece; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      kernel.quantize_row(x + r * stride, k, quantized_rows.data() + r * row_bytes);
    }
  });
}

void linear(const PackedWeight& weight, const Activations& x, const float* bias, float* y, std::size_t stride,
            ThreadPool& pool) {
  assert(weight.n() > 0 && x.k == weight.k());
  assert(weight.kind() == WeightKind::f32 || (x.quantized && x.isa == weight.isa()));
  if (x.m == 0) return;
  const LinearKernel& kernel = linear_kernel(weight.isa());
  const std::size_t bytes_a_panel = panel_bytes(kernel, weight.kind(), x.k);
  const int panels = divide_up(weight.n(), kernel.panel);
  const Cut piece_size = cut(kernel, x.m, panels, x.k, pool.threads());
  const int row_pieces = divide_up(x.m, piece_size.rows);
  const int panel_pieces = divide_up(panels, piece_size.panels);
  const auto multiply = weight.kind() == WeightKind::f32 ? kernel.multiply_f32 : kernel.multiply_int8;

  pool.run(row_pieces * panel_pieces, [&](int piece, int) {
    // Neighbouring pieces share their weights, which are read from further away than the activations.
    const int first_row = piece % row_pieces * piece_size.rows;
    const int first_panel = piece / row_pieces * piece_size.panels;
    const int first_column = first_panel * kernel.panel;
    const auto row = static_cast<std::size_t>(first_row);
    const int panels_here = std::min(piece_size.panels, panels - first_panel);
    multiply({
        .weight = weight.data() + static_cast<std::size_t>(first_panel) * bytes_a_panel,
        .k = x.k,
        .panels = panels_here,
        .columns = std::min(panels_here * kernel.panel, weight.n() - first_column),
        .x = x.x + row * x.stride,
        .x_stride = x.stride,
        .x_rows = x.quantized ? x.quantized_rows.data() + row * x.row_bytes : nullptr,
        .x_row_bytes = x.row_bytes,
        .m = std::min(piece_size.rows, x.m - first_row),
        .bias = bias != nullptr ? bias + first_column : nullptr,
        .y = y + row * stride + first_column,
        .y_stride = stride,
    });
  });
}

}  // namespace mobiedit::kernels
