#include <algorithm>
#include <cassert>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"
#include "kernels/panels.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

Status check_shape(Isa isa, WeightKind kind, int n, int k) {
  if (!available(isa)) return fail(ErrorCode::usage, "this processor does not have " + std::string(name(isa)));
  const std::string shape = std::to_string(n) + " x " + std::to_string(k);
  if (n < 1 || k < 1) return fail(ErrorCode::usage, "a weight of shape " + shape);
  if (kind != WeightKind::f32 && k % group_size != 0) {
    return fail(ErrorCode::usage, "a weight of shape " + shape + " cannot be held in groups of 32");
  }
  // Keeps the exact sum of a row within 32 bits.
  if (kind == WeightKind::int8_row && k > 1 << 16) {
    return fail(ErrorCode::usage, "a weight of shape " + shape + " is too long for a scale a row");
  }
  // Keeps every size below from overflowing: a panel is at most 64 rows of 4 bytes per value.
  if (k > std::numeric_limits<int>::max() / 1024 || n > std::numeric_limits<int>::max() - 1024) {
    return fail(ErrorCode::usage, "a weight of shape " + shape + " is too large");
  }
  return {};
}

std::unexpected<Error> no_memory(int n, int k) {
  return fail(ErrorCode::out_of_memory,
              "no memory for a weight of shape " + std::to_string(n) + " x " + std::to_string(k));
}

/// Scratch bytes for each thread of a pool.
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

/// Calls pack(first row, rows that exist, thread, panel) for each panel of a weight of n rows.
template <class Pack>
void for_panels(const LinearKernel& kernel, std::size_t bytes_a_panel, int n, std::byte* data, ThreadPool& pool,
                const Pack& pack) {
  pool.run(divide_up(n, kernel.panel), [&](int panel, int thread) {
    const int first = panel * kernel.panel;
    pack(first, std::min(kernel.panel, n - first), thread, data + static_cast<std::size_t>(panel) * bytes_a_panel);
  });
}

/// Subtracts the row that the codes say.
void subtract(const std::int8_t* codes, const float* scales, int k, float* x) {
  for (int i = 0; i < k; ++i) x[i] -= static_cast<float>(codes[i]) * scales[i / group_size];
}

/// Calls fill(row, thread, codes [k], scales [k/32 or 1]) for each of n rows.
template <class Fill>
void pack_integers(const LinearKernel& kernel, WeightKind kind, int n, int k, std::byte* data, ThreadPool& pool,
                   const Fill& fill) {
  const WeightForm& form = weight_form(kernel, kind);
  const auto length = static_cast<std::size_t>(k);
  const std::size_t groups = kind == WeightKind::int8_row ? 1 : length / group_size;
  const auto panel_rows = static_cast<std::size_t>(kernel.panel);
  Scratch all_codes(pool, panel_rows * length);
  Scratch all_scales(pool, panel_rows * groups * sizeof(float));
  for_panels(kernel, form.panel_bytes(k), n, data, pool, [&](int first, int present, int thread, std::byte* panel) {
    std::int8_t* codes = all_codes.of<std::int8_t>(thread);
    float* scales = all_scales.of<float>(thread);
    const auto rows = static_cast<std::size_t>(present);
    for (std::size_t i = 0; i < rows; ++i) {
      fill(first + static_cast<int>(i), thread, codes + i * length, scales + i * groups);
    }
    std::fill(codes + rows * length, codes + panel_rows * length, std::int8_t{0});
    std::fill(scales + rows * groups, scales + panel_rows * groups, 0.0f);
    form.pack(codes, scales, k, panel);
  });
}

}  // namespace

std::size_t PackedWeight::packed_bytes(Isa isa, WeightKind kind, int n, int k, bool offsets, Rest rest) {
  const LinearKernel& kernel = linear_kernel(isa);
  const std::size_t codes = panel_bytes(kernel, kind, k) * (rest == Rest::kept ? 2 : 1);
  const std::size_t of_offsets = offsets ? kernel.panel_bytes_f32(k / group_size) : 0;
  return static_cast<std::size_t>(divide_up(n, kernel.panel)) * (codes + of_offsets);
}

Result<PackedWeight> PackedWeight::allocate(Isa isa, WeightKind kind, int n, int k, bool offsets, Rest rest,
                                            WeightMemory* memory) {
  if (Status status = check_shape(isa, kind, n, k); !status) return std::unexpected(std::move(status.error()));
  PackedWeight weight;
  weight.n_ = n;
  weight.k_ = k;
  weight.kind_ = kind;
  weight.isa_ = isa;
  const auto take = [memory](std::size_t bytes) -> std::shared_ptr<std::byte> {
    if (memory != nullptr) return memory->take(bytes);
    return AlignedBuffer::allocate(bytes);
  };
  const std::size_t bytes = packed_bytes(isa, kind, n, k);
  weight.data_ = take(bytes);
  if (offsets) weight.offsets_ = take(packed_bytes(isa, kind, n, k, true) - bytes);
  if (rest == Rest::kept) weight.rest_ = take(bytes);
  return weight;
}

void PackedWeight::row(int i, std::span<float> values) const {
  assert(i >= 0 && i < n_ && values.size() == static_cast<std::size_t>(k_));
  const LinearKernel& kernel = linear_kernel(isa_);
  const std::byte* panel = data() + static_cast<std::size_t>(i / kernel.panel) * panel_bytes(kernel, kind_, k_);
  const auto unpack = kind_ == WeightKind::f32 ? kernel.unpack_f32 : weight_form(kernel, kind_).unpack;
  unpack(panel, k_, i % kernel.panel, values.data());
  std::vector<float> added;
  if (rest() != nullptr) {
    added.resize(values.size());
    unpack(rest() + (panel - data()), k_, i % kernel.panel, added.data());
    for (std::size_t c = 0; c < values.size(); ++c) values[c] += added[c];
  }
  if (offsets() == nullptr) return;
  const int groups = k_ / group_size;
  const std::byte* offset_panel =
      offsets() + static_cast<std::size_t>(i / kernel.panel) * kernel.panel_bytes_f32(groups);
  added.resize(static_cast<std::size_t>(groups));
  kernel.unpack_f32(offset_panel, groups, i % kernel.panel, added.data());
  for (std::size_t c = 0; c < values.size(); ++c) values[c] += added[c / group_size];
}

Result<PackedWeight> PackedWeight::from_floats(Isa isa, WeightKind kind, int n, int k, const FloatRows& rows,
                                               ThreadPool& pool, WeightMemory* memory, Rest rest) try {
  if (kind == WeightKind::int4_g32) return fail(ErrorCode::usage, "floats are not rounded to 4 bits");
  assert(rest == Rest::dropped || kind == WeightKind::int8_g32);
  Result<PackedWeight> weight = allocate(isa, kind, n, k, false, rest, memory);
  if (!weight) return weight;
  const LinearKernel& kernel = linear_kernel(isa);
  const auto length = static_cast<std::size_t>(k);
  if (kind == WeightKind::f32) {
    Scratch scratch(pool, static_cast<std::size_t>(kernel.panel) * length * sizeof(float));
    for_panels(kernel, kernel.panel_bytes_f32(k), n, weight->data_.get(), pool,
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
  const int a_scale = kind == WeightKind::int8_row ? k : group_size;
  const auto round = [&](const float* x, std::int8_t* codes, float* scales) {
    for (int i = 0; i < k; i += a_scale) scales[i / a_scale] = quantize(x + i, a_scale, codes + i);
  };
  if (rest == Rest::dropped) {
    pack_integers(kernel, kind, n, k, weight->data_.get(), pool,
                  [&](int row, int thread, std::int8_t* codes, float* scales) {
                    float* x = values.of<float>(thread);
                    rows(row, {x, length});
                    round(x, codes, scales);
                  });
    return weight;
  }
  // Each row is read once. One thread fills a panel's rows in order, so the last row's call packs the panel of rests.
  const WeightForm& form = weight_form(kernel, kind);
  const auto panel = static_cast<std::size_t>(kernel.panel);
  const std::size_t groups = length / group_size;
  Scratch all_codes(pool, panel * length), all_scales(pool, panel * groups * sizeof(float));
  pack_integers(kernel, kind, n, k, weight->data_.get(), pool,
                [&](int row, int thread, std::int8_t* codes, float* scales) {
                  float* x = values.of<float>(thread);
                  rows(row, {x, length});
                  round(x, codes, scales);
                  subtract(codes, scales, k, x);
                  const std::size_t within = static_cast<std::size_t>(row) % panel;
                  std::int8_t* rest_codes = all_codes.of<std::int8_t>(thread);
                  float* rest_scales = all_scales.of<float>(thread);
                  if (within == 0) {
                    std::fill_n(rest_codes, panel * length, std::int8_t{0});
                    std::fill_n(rest_scales, panel * groups, 0.0f);
                  }
                  round(x, rest_codes + within * length, rest_scales + within * groups);
                  if (within + 1 != panel && row + 1 != n) return;
                  const std::size_t number = static_cast<std::size_t>(row) / panel;
                  form.pack(rest_codes, rest_scales, k, weight->rest_.get() + number * form.panel_bytes(k));
                });
  return weight;
} catch (const std::bad_alloc&) {
  return no_memory(n, k);
}

Result<PackedWeight> PackedWeight::from_groups(Isa isa, WeightKind kind, int n, int k, bool offsets,
                                               const GroupRows& rows, ThreadPool& pool, WeightMemory* memory) try {
  assert(kind == WeightKind::int8_g32 || kind == WeightKind::int4_g32);
  Result<PackedWeight> weight = allocate(isa, kind, n, k, offsets, Rest::dropped, memory);
  if (!weight) return weight;
  const LinearKernel& kernel = linear_kernel(isa);
  const auto length = static_cast<std::size_t>(k);
  const std::size_t groups = length / group_size;
  const auto panel = static_cast<std::size_t>(kernel.panel);
  std::byte* const packed_offsets = weight->offsets_.get();
  // One thread fills a panel's rows in order, so the last row's call packs the panel's offsets.
  Scratch all_offsets(pool, offsets ? panel * groups * sizeof(float) : 0);
  pack_integers(
      kernel, kind, n, k, weight->data_.get(), pool, [&](int row, int thread, std::int8_t* codes, float* scales) {
        const std::size_t within = static_cast<std::size_t>(row) % panel;
        float* of_panel = offsets ? all_offsets.of<float>(thread) : nullptr;
        if (offsets && within == 0) std::fill_n(of_panel, panel * groups, 0.0f);
        rows(row, {.codes = {codes, length},
                   .scales = {scales, groups},
                   .offsets = {offsets ? of_panel + within * groups : nullptr, offsets ? groups : 0}});
        if (!offsets || (within + 1 != panel && row + 1 != n)) return;
        const auto number = static_cast<std::size_t>(row) / panel;
        kernel.pack_f32(of_panel, k / group_size, packed_offsets + number * kernel.panel_bytes_f32(k / group_size));
      });
  return weight;
} catch (const std::bad_alloc&) {
  return no_memory(n, k);
}

}  // namespace mobiedit::kernels
