#include "kernels/attention.h"

#include <algorithm>
#include <cassert>

#include "kernels/linear_kernel.h"
#include "kernels/panels.h"
#include "kernels/vector_ops.h"

namespace mobiedit::kernels {
namespace {

using Size = std::size_t;

/// Calls visit(position - first, key, value, count) for each run of neighbouring positions of [first, length).
template <class Visit>
void for_runs(const AttentionTile& tile, int first, int length, const Visit& visit) {
  int position = 0;
  for (const KeysAndValues& part : tile.parts) {
    const int skipped = std::clamp(first - position, 0, part.count);
    const int count = std::min(part.count - skipped, length - position - skipped);
    const Size at = static_cast<Size>(skipped) * tile.kv_stride;
    if (count > 0) visit(static_cast<Size>(position + skipped - first), part.keys + at, part.values + at, count);
    position += skipped + std::max(count, 0);
  }
  assert(position == length);
}

float* floats(AlignedBuffer& buffer, Size count) {
  buffer.reserve(count * sizeof(float));
  return reinterpret_cast<float*>(buffer.data());
}

/// Makes one head's weights of its scores [positions], and of the sink after them.
void weigh(const AttentionTile& tile, const RowOps& ops, int head, Size begin, Size end, float* scores) {
  for (Size i = begin; i < end; ++i) scores[i] *= tile.scale;
  if (tile.cap > 0) soft_cap(tile.cap, {scores + begin, end - begin});
  if (tile.sinks) scores[end] = tile.sinks[head];
  ops.softmax({scores + begin, end - begin + (tile.sinks ? 1 : 0)});
}

Size stride_of_scores(const AttentionTile& tile, Size positions) {
  return (positions + (tile.sinks ? 1 : 0) + 15) / 16 * 16;
}

/// A row alone: packing would cost as much as some ten rows.
void attend_row(const LinearKernel& kernel, const RowOps& ops, const AttentionTile& tile, int start, int length,
                AttentionScratch& scratch) {
  const auto positions = static_cast<Size>(length);
  const Size stride = stride_of_scores(tile, positions);
  float* scores = floats(scratch.scores, static_cast<Size>(tile.heads) * stride);
  for_runs(tile, start, start + length, [&](Size first, const float* keys, const float*, int count) {
    kernel.score_cached({keys, tile.kv_stride, count}, tile.queries, tile.heads, tile.dim, scores + first, stride);
  });
  for (int head = 0; head < tile.heads; ++head) {
    weigh(tile, ops, head, 0, positions, scores + static_cast<Size>(head) * stride);
  }
  for_runs(tile, start, start + length, [&](Size first, const float*, const float* values, int count) {
    kernel.weigh_cached({values, tile.kv_stride, count}, scores + first, stride, tile.heads, tile.dim, first == 0,
                        tile.out);
  });
}

}  // namespace

void attend(Isa isa, const AttentionTile& tile, AttentionScratch& scratch) {
  if (tile.lengths.empty()) return;
  const LinearKernel& kernel = linear_kernel(isa);
  const int rows = static_cast<int>(tile.lengths.size());
  const RowOps ops(isa);
  // Positions before the first row's window are seen by none.
  const int start = tile.window > 0 ? std::max(0, tile.lengths.front() - tile.window) : 0;
  const int length = tile.lengths.back() - start;
  if (rows == 1 && kernel.score_cached != nullptr) return attend_row(kernel, ops, tile, start, length, scratch);
  const auto panel = static_cast<Size>(kernel.panel);
  const auto dim = static_cast<Size>(tile.dim);
  const auto positions = static_cast<Size>(length);
  const int key_panels = divide_up(length, kernel.panel);
  const int value_panels = divide_up(tile.dim, kernel.panel);
  const Size key_panel = dim * panel;
  const Size value_panel = positions * panel;

  // Float panels are [k][rows of the panel] on every instruction set. For keys k is the dimension, for values the
  // position. The product also reads the padding past the last position or dimension and drops the result; it is zero.
  float* keys = floats(scratch.keys, static_cast<Size>(key_panels) * key_panel);
  float* values = floats(scratch.values, static_cast<Size>(value_panels) * value_panel);
  if (positions % panel != 0) std::fill_n(keys + static_cast<Size>(key_panels - 1) * key_panel, key_panel, 0.0f);
  for_runs(tile, start, start + length, [&](Size position, const float* key, const float* value, int count) {
    for (int i = 0; i < count; ++i, ++position, key += tile.kv_stride, value += tile.kv_stride) {
      float* column = keys + position / panel * key_panel + position % panel;
      for (Size j = 0; j < dim; ++j) column[j * panel] = key[j];
      for (Size first = 0; first < dim; first += panel) {
        float* row = values + first / panel * value_panel + position * panel;
        const Size present = std::min(panel, dim - first);
        std::copy_n(value + first, present, row);
        std::fill_n(row + present, panel - present, 0.0f);
      }
    }
  });

  const Size score_stride = stride_of_scores(tile, positions);
  float* scores = floats(scratch.scores, static_cast<Size>(rows) * score_stride);
  for (int head = 0; head < tile.heads; ++head) {
    const Size at = static_cast<Size>(head) * dim;
    kernel.multiply_f32({.weight = reinterpret_cast<const std::byte*>(keys),
                         .k = tile.dim,
                         .panels = key_panels,
                         .columns = length,
                         .x = tile.queries + at,
                         .x_stride = tile.query_stride,
                         .x_rows = nullptr,
                         .x_row_bytes = 0,
                         .m = rows,
                         .bias = nullptr,
                         .y = scores,
                         .y_stride = score_stride});
    for (int r = 0; r < rows; ++r) {
      float* row = scores + static_cast<Size>(r) * score_stride;
      const auto end = static_cast<Size>(tile.lengths[static_cast<Size>(r)] - start);
      const Size begin =
          tile.window > 0 && end > static_cast<Size>(tile.window) ? end - static_cast<Size>(tile.window) : 0;
      weigh(tile, ops, head, begin, end, row);
      std::fill(row, row + begin, 0.0f);
      std::fill(row + end, row + positions, 0.0f);
    }
    kernel.multiply_f32({.weight = reinterpret_cast<const std::byte*>(values),
                         .k = length,
                         .panels = value_panels,
                         .columns = tile.dim,
                         .x = scores,
                         .x_stride = score_stride,
                         .x_rows = nullptr,
                         .x_row_bytes = 0,
                         .m = rows,
                         .bias = nullptr,
                         .y = tile.out + at,
                         .y_stride = tile.out_stride});
  }
}

}  // namespace mobiedit::kernels
