// The product with 256-bit vectors, 16 weight rows to a panel.
//
// Int8: without VNNI the widest exact multiply-add of bytes is vpmaddwd on 16-bit values, two products to a 32-bit
// lane (vpmaddubsw saturates on full-range codes, and taking a sign apart costs what it saves). Weights stay bytes in
// memory and are widened as they are loaded, once for all rows of a tile; activations are widened when they are
// quantised, and broadcast two at a time.
//   panel: for each group of 32, codes [16 pairs along k][16 rows][2], then 16 scales
//   row of activations: codes [k] as int16, then scales [k/32]
// Float: panel [k][16].
#include "kernels/tiles.h"

namespace mobiedit::kernels {
namespace {

using Size = std::size_t;

constexpr int panel_rows = 16;
constexpr int pairs = group_size / 2;
constexpr Size group_codes = Size{panel_rows} * group_size;
constexpr Size group_bytes = group_codes + panel_rows * sizeof(float);

Size panel_bytes_f32(int k) {
  return Size{panel_rows} * static_cast<Size>(k) * sizeof(float);
}
Size panel_bytes_int8(int k) {
  return static_cast<Size>(k / group_size) * group_bytes;
}

Size row_bytes_int8(int k) {
  const Size bytes = static_cast<Size>(k) * sizeof(std::int16_t) + static_cast<Size>(k / group_size) * sizeof(float);
  return (bytes + 63) / 64 * 64;
}

void pack_int8(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
  const Size groups = static_cast<Size>(k / group_size);
  for (Size g = 0; g < groups; ++g) {
    std::int8_t* out = reinterpret_cast<std::int8_t*>(panel + g * group_bytes);
    for (Size row = 0; row < panel_rows; ++row) {
      const std::int8_t* in = codes + row * static_cast<Size>(k) + g * group_size;
      for (Size pair = 0; pair < pairs; ++pair) {
        out[(pair * panel_rows + row) * 2] = in[2 * pair];
        out[(pair * panel_rows + row) * 2 + 1] = in[2 * pair + 1];
      }
    }
    float* out_scales = reinterpret_cast<float*>(panel + g * group_bytes + group_codes);
    for (Size row = 0; row < panel_rows; ++row) out_scales[row] = scales[row * groups + g];
  }
}

void unpack_int8(const std::byte* panel, int k, int row, float* values) {
  for (Size g = 0; g < static_cast<Size>(k / group_size); ++g) {
    const auto* codes = reinterpret_cast<const std::int8_t*>(panel + g * group_bytes) + 2 * row;
    const float scale = reinterpret_cast<const float*>(panel + g * group_bytes + group_codes)[row];
    for (Size i = 0; i < group_size; ++i) {
      values[g * group_size + i] = static_cast<float>(codes[i / 2 * panel_rows * 2 + i % 2]) * scale;
    }
  }
}

void quantize_row(const float* x, int k, std::byte* row) {
  auto* codes = reinterpret_cast<__m256i*>(row);
  float* scales = reinterpret_cast<float*>(row + static_cast<Size>(k) * sizeof(std::int16_t));
  for (Size g = 0; g < static_cast<Size>(k / group_size); ++g) {
    const QuantizedGroup group = quantize_group_avx2(x + g * group_size);
    _mm256_storeu_si256(codes + 2 * g, group.codes[0]);
    _mm256_storeu_si256(codes + 2 * g + 1, group.codes[1]);
    scales[g] = group.scale;
  }
}

__m256i broadcast_pair(const std::int16_t* pair) {
  int both;
  __builtin_memcpy(&both, pair, sizeof both);
  return _mm256_set1_epi32(both);
}

/// y [Rows, 16] = or += (start: =) the product of `groups` groups. The sums live in y, not in registers: those are
/// taken by the integer sums of a group.
template <int Rows>
void tile_int8(const std::byte* weight, const std::int16_t* x, Size x_stride, const float* x_scales,
               Size x_scales_stride, int groups, bool start, float* y, Size y_stride) {
  if (start) {
    for (Size r = 0; r < Rows; ++r) {
      _mm256_storeu_ps(y + r * y_stride, _mm256_setzero_ps());
      _mm256_storeu_ps(y + r * y_stride + 8, _mm256_setzero_ps());
    }
  }
  for (int g = 0; g < groups; ++g, weight += group_bytes, x += group_size, ++x_scales) {
    __m256i sums[Rows][2];
    const auto multiply_pair = [&](int pair, const auto& add) {
      const auto* w = reinterpret_cast<const __m128i*>(weight + pair * 2 * panel_rows);
      const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128(w));
      const __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128(w + 1));
#pragma GCC unroll 8
      for (Size r = 0; r < Rows; ++r) {
        const __m256i both = broadcast_pair(x + r * x_stride + 2 * pair);
        add(sums[r][0], _mm256_madd_epi16(low, both));
        add(sums[r][1], _mm256_madd_epi16(high, both));
      }
    };
    multiply_pair(0, [](__m256i& sum, __m256i product) { sum = product; });
    // Unrolled whole, GCC 12 moves loads about until the sums spill: a third slower.
#pragma GCC unroll 5
    for (int pair = 1; pair < pairs; ++pair) {
      multiply_pair(pair, [](__m256i& sum, __m256i product) { sum = _mm256_add_epi32(sum, product); });
    }
    const float* scales = reinterpret_cast<const float*>(weight + group_codes);
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
      const __m256 x_scale = _mm256_set1_ps(x_scales[r * x_scales_stride]);
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) {
        float* out = y + r * y_stride + 8 * c;
        const __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(scales + 8 * c), x_scale);
        _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][c]), scale, _mm256_loadu_ps(out)));
      }
    }
  }
}

/// y [Rows, 16 Panels] = or += (start: =) the product of k values.
template <int Rows, int Panels>
void tile_f32(const float* weight, Size panel_floats, const float* x, Size x_stride, int k, bool start, float* y,
              Size y_stride) {
  constexpr int columns = 2 * Panels;
  __m256 sums[Rows][columns];
#pragma GCC unroll 8
  for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (Size c = 0; c < columns; ++c) {
      sums[r][c] = start ? _mm256_setzero_ps() : _mm256_loadu_ps(y + r * y_stride + 8 * c);
    }
  }
  for (int i = 0; i < k; ++i, weight += panel_rows, ++x) {
    __m256 w[columns];
#pragma GCC unroll 8
    for (Size c = 0; c < columns; ++c) w[c] = _mm256_loadu_ps(weight + c / 2 * panel_floats + c % 2 * 8);
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
      const __m256 value = _mm256_set1_ps(x[r * x_stride]);
#pragma GCC unroll 8
      for (Size c = 0; c < columns; ++c) sums[r][c] = _mm256_fmadd_ps(value, w[c], sums[r][c]);
    }
  }
#pragma GCC unroll 8
  for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (Size c = 0; c < columns; ++c) _mm256_storeu_ps(y + r * y_stride + 8 * c, sums[r][c]);
  }
}

// Along k in blocks whose slice of a panel (some 18 KiB) stays in the level-1 cache while all rows pass by it.
constexpr int block_int8 = 1024;
constexpr int block_f32 = 256;
constexpr int tile_rows_int8 = 4;
constexpr int tile_rows_f32 = 6;
constexpr Size tile_rows_most = 6;

/// Where a tile's sums live: in y, or, in a panel that is not full, in a buffer whose last columns nobody reads.
struct Sums {
  Sums(const Rectangle& r, int panel, int first_row)
      : columns(r.columns - panel * panel_rows < panel_rows ? r.columns - panel * panel_rows : panel_rows),
        y(r.y + static_cast<Size>(first_row) * r.y_stride + static_cast<Size>(panel) * panel_rows),
        y_stride(r.y_stride) {}

  [[nodiscard]] bool whole() const { return columns == panel_rows; }
  [[nodiscard]] float* data() { return whole() ? y : buffer; }
  [[nodiscard]] Size stride() const { return whole() ? y_stride : panel_rows; }

  void fetch(int rows) {
    if (whole()) return;
    for (Size r = 0; r < static_cast<Size>(rows); ++r) {
      for (Size c = 0; c < static_cast<Size>(columns); ++c) buffer[r * panel_rows + c] = y[r * y_stride + c];
    }
  }
  void deliver(int rows) const {
    if (whole()) return;
    for (Size r = 0; r < static_cast<Size>(rows); ++r) {
      for (Size c = 0; c < static_cast<Size>(columns); ++c) y[r * y_stride + c] = buffer[r * panel_rows + c];
    }
  }

  int columns;
  float* y;
  Size y_stride;
  alignas(32) float buffer[tile_rows_most * panel_rows];
};

void multiply_int8(const Rectangle& r) {
  const Size bytes_a_panel = panel_bytes_int8(r.k);
  const int block = r.m <= tile_rows_int8 ? r.k : block_int8;
  for (int from = 0; from < r.k; from += block) {
    const int groups = (r.k - from < block ? r.k - from : block) / group_size;
    const int first_group = from / group_size;
    for (int panel = 0; panel < r.panels; ++panel) {
      const std::byte* weight =
          r.weight + static_cast<Size>(panel) * bytes_a_panel + static_cast<Size>(first_group) * group_bytes;
      for_tiles(r.m, tile_rows_int8, [&](int row, int rows) {
        const std::byte* x_row = r.x_rows + static_cast<Size>(row) * r.x_row_bytes;
        const auto* x = reinterpret_cast<const std::int16_t*>(x_row) + from;
        const float* scales =
            reinterpret_cast<const float*>(x_row + static_cast<Size>(r.k) * sizeof(std::int16_t)) + first_group;
        const Size x_stride = r.x_row_bytes / sizeof(std::int16_t);
        const Size scales_stride = r.x_row_bytes / sizeof(float);
        Sums sums(r, panel, row);
        if (from > 0) sums.fetch(rows);
        const auto run = [&](auto tile) {
          tile(weight, x, x_stride, scales, scales_stride, groups, from == 0, sums.data(), sums.stride());
        };
        switch (rows) {
          case 1:
            run(tile_int8<1>);
            break;
          case 2:
            run(tile_int8<2>);
            break;
          case 3:
            run(tile_int8<3>);
            break;
          default:
            run(tile_int8<4>);
        }
        sums.deliver(rows);
      });
    }
  }
  add_bias(r);
}

/// With one or two rows a panel's sums are too few to hide the latency of an addition: two panels at once.
template <int Rows>
void tile_f32_twice(const float* weight, Size panel_floats, const float* x, Size x_stride, int k, bool start, float* y,
                    Size y_stride) {
  tile_f32<Rows, 2>(weight, panel_floats, x, x_stride, k, start, y, y_stride);
}

void multiply_f32(const Rectangle& r) {
  const Size panel_floats = panel_bytes_f32(r.k) / sizeof(float);
  const bool few = r.m <= 2;
  const int block = few ? r.k : block_f32;
  for (int from = 0; from < r.k; from += block) {
    const int length = r.k - from < block ? r.k - from : block;
    for (int panel = 0; panel < r.panels;) {
      const float* weight = reinterpret_cast<const float*>(r.weight) + static_cast<Size>(panel) * panel_floats +
                            static_cast<Size>(from) * panel_rows;
      if (few && (panel + 2) * panel_rows <= r.columns) {
        const auto tile = r.m == 1 ? tile_f32_twice<1> : tile_f32_twice<2>;
        tile(weight, panel_floats, r.x + from, r.x_stride, length, from == 0,
             r.y + static_cast<Size>(panel) * panel_rows, r.y_stride);
        panel += 2;
        continue;
      }
      for_tiles(r.m, tile_rows_f32, [&](int row, int rows) {
        const float* x = r.x + static_cast<Size>(row) * r.x_stride + from;
        Sums sums(r, panel, row);
        if (from > 0) sums.fetch(rows);
        const auto run = [&](auto tile) {
          tile(weight, panel_floats, x, r.x_stride, length, from == 0, sums.data(), sums.stride());
        };
        switch (rows) {
          case 1:
            run(tile_f32<1, 1>);
            break;
          case 2:
            run(tile_f32<2, 1>);
            break;
          case 3:
            run(tile_f32<3, 1>);
            break;
          case 4:
            run(tile_f32<4, 1>);
            break;
          case 5:
            run(tile_f32<5, 1>);
            break;
          default:
            run(tile_f32<6, 1>);
        }
        sums.deliver(rows);
      });
      ++panel;
    }
  }
  add_bias(r);
}

}  // namespace

constinit const LinearKernel linear_avx2 = {
    .panel = panel_rows,
    .row_tile = 12,  // a multiple of both tiles
    .panel_bytes_f32 = panel_bytes_f32,
    .panel_bytes_int8 = panel_bytes_int8,
    .row_bytes_int8 = row_bytes_int8,
    .pack_f32 = pack_floats<panel_rows>,
    .unpack_f32 = unpack_floats<panel_rows>,
    .pack_int8 = pack_int8,
    .unpack_int8 = unpack_int8,
    .quantize_row = quantize_row,
    .multiply_f32 = multiply_f32,
    .multiply_int8 = multiply_int8,
};

}  // namespace mobiedit::kernels
