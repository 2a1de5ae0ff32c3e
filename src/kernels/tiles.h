// Tiling of a product, and the float product, for any vector type. Private to the file that includes it.
//
// V is a vector type: V::lanes floats, V::Float, V::Int, V::Mask, and the operations used here. A panel is two vectors
// of weight rows.
#pragma once

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"

namespace mobiedit::kernels {
namespace {

template <class V>
struct Tiles {
  using Size = std::size_t;
  using Float = typename V::Float;
  using Mask = typename V::Mask;

  static constexpr int panel_rows = 2 * V::lanes;

  /// The columns of a panel that exist, as masks of its low and high vector.
  struct Columns {
    Mask low;
    Mask high;
    bool all;

    explicit Columns(int count) : low(V::first(count)), high(V::first(count - V::lanes)), all(count >= panel_rows) {}

    void load(const float* y, Float& a, Float& b) const {
      a = all ? V::load(y) : V::load(low, y);
      b = all ? V::load(y + V::lanes) : V::load(high, y + V::lanes);
    }
    void store(float* y, Float a, Float b) const {
      if (all) {
        V::store(y, a);
        V::store(y + V::lanes, b);
      } else {
        V::store(low, y, a);
        V::store(high, y + V::lanes, b);
      }
    }
  };

  /// Calls run.operator()<rows>(), `rows` in 1 … most.
  template <int most, class Run>
  static void with_rows(int rows, const Run& run) {
    if constexpr (most == 1) {
      run.template operator()<1>();
    } else if (rows == most) {
      run.template operator()<most>();
    } else {
      with_rows<most - 1>(rows, run);
    }
  }

  /// The work of a tile: `length` steps of k, from `from` on.
  struct Place {
    const std::byte* panel;
    const std::byte* weight;  // the panel's weights at k = `from`
    int from;
    int length;
    bool start;  // y holds nothing yet
    int row;     // the first row
    float* y;
    const Columns& columns;
    const std::byte* ahead;  // beginning of the next slice's bytes that this tile prefetches
    Size ahead_bytes;        // bytes to prefetch per group of 32 along k

    /// Prefetches the next part.
    void call_ahead() {
      for (Size i = 0; i < ahead_bytes; i += 64) __builtin_prefetch(ahead + i, 0, 2);
      ahead += ahead_bytes;
    }
  };

  /// Calls tile.operator()<rows>(place) over the rectangle. The outer loop cuts k into blocks, so that a panel's slice
  /// stays in the nearest cache for all rows; then come panels, then rows in tiles of nearly equal size (5 rows in
  /// tiles of at most 4 are 3 and 2). A tile may prefetch its share of the next slice: VNNI products would wait for it.
  template <int tile_rows, class Tile>
  static void walk(const Rectangle& r, Size panel_bytes, Size bytes_a_value, int block, const Tile& tile) {
    const int tiles = (r.m + tile_rows - 1) / tile_rows;
    if (tiles == 1) block = r.k;
    for (int from = 0; from < r.k; from += block) {
      const int length = r.k - from < block ? r.k - from : block;
      for (int number = 0; number < r.panels; ++number) {
        const std::byte* panel = r.weight + static_cast<Size>(number) * panel_bytes;
        const std::byte* weight = panel + bytes_a_value * static_cast<Size>(from);
        const Columns columns(r.columns - number * panel_rows);
        // The next slice of weights belongs to the next panel, or to the first one further along k.
        const bool last = number + 1 == r.panels;
        const std::byte* next =
            last ? r.weight + bytes_a_value * static_cast<Size>(from + length) : weight + panel_bytes;
        const Size a_group = tiles == 1 ? 0 : bytes_a_value * group_size / static_cast<Size>(tiles);
        const Size ahead_bytes = last && from + length == r.k ? 0 : a_group;
        for (int i = 0, row = 0; i < tiles; ++i) {
          const int rows = (r.m - row + tiles - i - 1) / (tiles - i);
          float* y = r.y + static_cast<Size>(row) * r.y_stride + static_cast<Size>(number) * panel_rows;
          const Place place = {panel, weight, from,    length, from == 0 && !r.accumulate,
                               row,   y,      columns, next,   ahead_bytes};
          with_rows<tile_rows>(rows, [&]<int Rows>() { tile.template operator()<Rows>(place); });
          row += rows;
          next += ahead_bytes * static_cast<Size>(length / group_size);
        }
      }
    }
    if (r.bias == nullptr) return;
    for (Size m = 0; m < static_cast<Size>(r.m); ++m) {
      float* y = r.y + m * r.y_stride;
      for (Size n = 0; n < static_cast<Size>(r.columns); ++n) y[n] += r.bias[n];
    }
  }

  // ---- floats: a panel is [k][panel_rows] ----

  static constexpr int block_f32 = 256;

  static Size panel_bytes_f32(int k) { return Size{panel_rows} * static_cast<Size>(k) * sizeof(float); }

  static void pack_f32(const float* rows, int k, std::byte* panel) {
    float* out = reinterpret_cast<float*>(panel);
    for (Size i = 0; i < static_cast<Size>(k); ++i) {
      for (Size row = 0; row < panel_rows; ++row) out[i * panel_rows + row] = rows[row * static_cast<Size>(k) + i];
    }
  }

  static void unpack_f32(const std::byte* panel, int k, int row, float* values) {
    const float* in = reinterpret_cast<const float*>(panel) + row;
    for (Size i = 0; i < static_cast<Size>(k); ++i) values[i] = in[i * panel_rows];
  }

  /// y [Rows, panel_rows] = or += (start: =) the product of k values.
  template <int Rows>
  static void tile_f32(const float* weight, const float* x, Size x_stride, int k, bool start, float* y, Size y_stride,
                       const Columns& columns) {
    Float sums[Rows][2];
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) {
      if (start) {
        sums[r][0] = sums[r][1] = V::zero();
      } else {
        columns.load(y + r * y_stride, sums[r][0], sums[r][1]);
      }
    }
    for (int i = 0; i < k; ++i, weight += panel_rows, ++x) {
      const Float low = V::load(weight);
      const Float high = V::load(weight + V::lanes);
#pragma GCC unroll 16
      for (Size r = 0; r < Rows; ++r) {
        const Float value = V::broadcast(x + r * x_stride);
        sums[r][0] = V::multiply_add(value, low, sums[r][0]);
        sums[r][1] = V::multiply_add(value, high, sums[r][1]);
      }
    }
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) columns.store(y + r * y_stride, sums[r][0], sums[r][1]);
  }

  static void multiply_f32(const Rectangle& r) {
    walk<V::tile_rows_f32>(
        r, panel_bytes_f32(r.k), panel_rows * sizeof(float), block_f32, [&]<int Rows>(const Place& p) {
          tile_f32<Rows>(reinterpret_cast<const float*>(p.weight), r.x + static_cast<Size>(p.row) * r.x_stride + p.from,
                         r.x_stride, p.length, p.from == 0, p.y, r.y_stride, p.columns);
        });
  }
};

}  // namespace
}  // namespace mobiedit::kernels
