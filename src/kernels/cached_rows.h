// Attention of one position straight from the KV cache, for any vector type of tiles.h. Its sums have the bits of the
// float product: each adds in order of k, with fused multiply-add. Private to the file that includes it.
#pragma once

#include "kernels/tiles.h"

namespace mobiedit::kernels {
namespace {

/// Derives from Numbers<0, 0, 1, … n - 1>, for templates over the lanes of a vector.
template <int n, int... later>
struct Numbers : Numbers<n - 1, n - 1, later...> {};
template <int... all>
struct Numbers<0, all...> {};

template <class V>
struct CachedRowsOf {
  using Size = std::size_t;
  using Float = typename V::Float;
  using Columns = typename Tiles<V>::Columns;

  static constexpr int lanes = V::lanes;
  static constexpr int panel_rows = Tiles<V>::panel_rows;
  static constexpr int rows_ahead = 32;
  static constexpr int most_heads = V::tile_rows_f32 / 2;

  /// The lanes of a and b whose number has the bit `step` clear (or set), those of b beside those of a.
  template <int step, bool set, int... lane>
  static Float side(Float a, Float b, const Numbers<0, lane...>&) {
    return __builtin_shufflevector(a, b,
                                   ((lane & step) != 0 ? lanes + lane - (set ? 0 : step) : lane + (set ? step : 0))...);
  }

  template <int step>
  static void exchange(Float (&rows)[lanes]) {
    constexpr Numbers<lanes> every;
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) {
      if ((i & step) != 0) continue;
      const Float a = rows[i];
      const Float b = rows[i + step];
      rows[i] = side<step, false>(a, b, every);
      rows[i + step] = side<step, true>(a, b, every);
    }
  }

  static void transpose(Float (&rows)[lanes]) {
    exchange<1>(rows);
    exchange<2>(rows);
    exchange<4>(rows);
    if constexpr (lanes == 16) exchange<8>(rows);
  }

  /// columns [lanes][panel_rows] = values [i, i + lanes) of `present` rows; past both ends anything finite or of a row.
  static void read_columns(const float* rows, Size stride, int present, int values, float* columns) {
    const auto mask = V::first(values);
    for (int half = 0; half < 2; ++half) {
      Float block[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) {
        const int row = half * lanes + i < present ? half * lanes + i : present - 1;
        const float* at = rows + static_cast<Size>(row) * stride;
        block[i] = values >= lanes ? V::load(at) : V::load(mask, at);
      }
      transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) V::store(columns + i * panel_rows + half * lanes, block[i]);
    }
  }

  /// Asks for `values` values of a row some time before they are read: with other heads' rows between them, the
  /// processor finds no pattern by itself. Inline by force: GCC 12 drops calls of a function that only prefetches.
  [[gnu::always_inline]] static inline void prefetch(const CachedRows& all, int row, int values) {
    if (row >= all.count) return;
    const float* at = all.rows + static_cast<Size>(row) * all.stride;
    for (int i = 0; i < values; i += 16) __builtin_prefetch(at + i, 0, 2);
  }

  template <int Heads>
  static void score_panel(const float* queries, int dim, const float* keys, Size stride, int present, float* scores,
                          Size score_stride) {
    alignas(64) float columns[lanes * panel_rows];
    Float sums[Heads][2];
#pragma GCC unroll 8
    for (Size h = 0; h < Heads; ++h) sums[h][0] = sums[h][1] = V::zero();
    for (int from = 0; from < dim; from += lanes) {
      const int values = dim - from < lanes ? dim - from : lanes;
      read_columns(keys + from, stride, present, values, columns);
      for (int i = 0; i < values; ++i) {
        const Float low = V::load(columns + i * panel_rows);
        const Float high = V::load(columns + i * panel_rows + lanes);
#pragma GCC unroll 8
        for (Size h = 0; h < Heads; ++h) {
          const Float value = V::broadcast(queries + h * static_cast<Size>(dim) + from + i);
          sums[h][0] = V::multiply_add(value, low, sums[h][0]);
          sums[h][1] = V::multiply_add(value, high, sums[h][1]);
        }
      }
    }
    const Columns exist(present);
#pragma GCC unroll 8
    for (Size h = 0; h < Heads; ++h) exist.store(scores + h * score_stride, sums[h][0], sums[h][1]);
  }

  static void score(const CachedRows& keys, const float* queries, int heads, int dim, float* scores,
                    std::size_t score_stride) {
    for (int first = 0; first < keys.count; first += panel_rows) {
      const int present = keys.count - first < panel_rows ? keys.count - first : panel_rows;
      for (int i = first + rows_ahead; i < first + rows_ahead + panel_rows; ++i) prefetch(keys, i, dim);
      const float* at = keys.rows + static_cast<Size>(first) * keys.stride;
      for (int head = 0; head < heads; head += most_heads) {
        const auto h = static_cast<Size>(head);
        const int together = heads - head < most_heads ? heads - head : most_heads;
        Tiles<V>::template with_rows<most_heads>(together, [&]<int Heads>() {
          score_panel<Heads>(queries + h * static_cast<Size>(dim), dim, at, keys.stride, present,
                             scores + h * score_stride + first, score_stride);
        });
      }
    }
  }

  /// out [Heads, panel_rows] += the values' first panel_rows columns, each row times its weight.
  template <int Heads>
  static void weigh_panel(const CachedRows& values, const float* weights, Size weight_stride, const Columns& columns,
                          bool start, float* out, Size out_stride) {
    Float sums[Heads][2];
#pragma GCC unroll 8
    for (Size h = 0; h < Heads; ++h) {
      if (start) {
        sums[h][0] = sums[h][1] = V::zero();
      } else {
        columns.load(out + h * out_stride, sums[h][0], sums[h][1]);
      }
    }
    const float* row = values.rows;
    for (int i = 0; i < values.count; ++i, row += values.stride) {
      prefetch(values, i + rows_ahead, panel_rows);
      Float low, high;
      columns.load(row, low, high);
#pragma GCC unroll 8
      for (Size h = 0; h < Heads; ++h) {
        const Float weight = V::broadcast(weights + h * weight_stride + i);
        sums[h][0] = V::multiply_add(weight, low, sums[h][0]);
        sums[h][1] = V::multiply_add(weight, high, sums[h][1]);
      }
    }
#pragma GCC unroll 8
    for (Size h = 0; h < Heads; ++h) columns.store(out + h * out_stride, sums[h][0], sums[h][1]);
  }

  static void weigh(const CachedRows& values, const float* weights, std::size_t weight_stride, int heads, int dim,
                    bool start, float* out) {
    for (int first = 0; first < dim; first += panel_rows) {
      const Columns columns(dim - first);
      const CachedRows some = {values.rows + first, values.stride, values.count};
      for (int head = 0; head < heads; head += most_heads) {
        const auto h = static_cast<Size>(head);
        const int together = heads - head < most_heads ? heads - head : most_heads;
        Tiles<V>::template with_rows<most_heads>(together, [&]<int Heads>() {
          weigh_panel<Heads>(some, weights + h * weight_stride, weight_stride, columns, start,
                             out + h * static_cast<Size>(dim) + first, static_cast<Size>(dim));
        });
      }
    }
  }
};

}  // namespace
}  // namespace mobiedit::kernels
