// The product by vpdpbusd, which multiplies four unsigned bytes by four signed ones and adds all four to a 32-bit lane;
// once for each vector length that has it. Private to the file that includes it.
//
// Weights are the unsigned side, as code + 128: then what must be taken back is 128 times the sum of the *activations*
// of a group, one number for all weights, found once when a row is quantised; the sums of a group start from it.
//   panel: for each group of 32, codes [8 quads along k][panel rows][4], then a scale for each row
//   row of activations: codes [k], then scales [k/32], then -128 * sum of codes [k/32] as int32
// Float: panel [k][panel rows].
//
// V is a vector: V::lanes floats, V::Float, V::Int, V::Mask and the few operations on them that are used below.
#pragma once

#include "kernels/tiles.h"

namespace mobiedit::kernels {
namespace {

template <class V>
struct Vnni {
  using Size = std::size_t;
  using Float = typename V::Float;
  using Int = typename V::Int;
  using Mask = typename V::Mask;

  static constexpr int panel_rows = 2 * V::lanes;
  static constexpr int quads = group_size / 4;
  static constexpr Size group_codes = Size{panel_rows} * group_size;
  static constexpr Size group_bytes = group_codes + panel_rows * sizeof(float);
  // Along k in blocks whose slice of a panel stays in the nearest caches while all rows pass by it.
  static constexpr int block_int8 = 1024;
  static constexpr int block_f32 = 256;

  static Size panel_bytes_f32(int k) { return Size{panel_rows} * static_cast<Size>(k) * sizeof(float); }
  static Size panel_bytes_int8(int k) { return static_cast<Size>(k / group_size) * group_bytes; }

  static Size scales_at(int k) { return static_cast<Size>(k); }
  static Size corrections_at(int k) { return scales_at(k) + static_cast<Size>(k / group_size) * sizeof(float); }
  static Size row_bytes_int8(int k) {
    const Size bytes = corrections_at(k) + static_cast<Size>(k / group_size) * sizeof(std::int32_t);
    return (bytes + 63) / 64 * 64;
  }

  static void pack_int8(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
    const Size groups = static_cast<Size>(k / group_size);
    for (Size g = 0; g < groups; ++g) {
      auto* out = reinterpret_cast<std::uint8_t*>(panel + g * group_bytes);
      float* out_scales = reinterpret_cast<float*>(panel + g * group_bytes + group_codes);
      for (Size row = 0; row < panel_rows; ++row) {
        const std::int8_t* in = codes + row * static_cast<Size>(k) + g * group_size;
        for (Size i = 0; i < group_size; ++i) {
          out[(i / 4 * panel_rows + row) * 4 + i % 4] = static_cast<std::uint8_t>(in[i] + 128);
        }
        out_scales[row] = scales[row * groups + g];
      }
    }
  }

  static void unpack_int8(const std::byte* panel, int k, int row, float* values) {
    for (Size g = 0; g < static_cast<Size>(k / group_size); ++g) {
      const auto* codes = reinterpret_cast<const std::uint8_t*>(panel + g * group_bytes) + 4 * row;
      const float scale = reinterpret_cast<const float*>(panel + g * group_bytes + group_codes)[row];
      for (Size i = 0; i < group_size; ++i) {
        values[g * group_size + i] = static_cast<float>(codes[i / 4 * panel_rows * 4 + i % 4] - 128) * scale;
      }
    }
  }

  static void quantize_row(const float* x, int k, std::byte* row) {
    float* scales = reinterpret_cast<float*>(row + scales_at(k));
    auto* corrections = reinterpret_cast<std::int32_t*>(row + corrections_at(k));
    for (Size g = 0; g < static_cast<Size>(k / group_size); ++g, x += group_size, row += group_size) {
      const QuantizedGroup group = quantize_group_avx2(x);
      const __m256i codes = _mm256_permute4x64_epi64(_mm256_packs_epi16(group.codes[0], group.codes[1]), 0b11011000);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(row), codes);
      scales[g] = group.scale;
      // Pairs of 16-bit codes times -128, added: 8 lanes, then one.
      const __m256i sums = _mm256_madd_epi16(_mm256_add_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(codes)),
                                                              _mm256_cvtepi8_epi16(_mm256_extracti128_si256(codes, 1))),
                                             _mm256_set1_epi16(-128));
      __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
      half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0b01001110));
      half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0b10110001));
      corrections[g] = _mm_cvtsi128_si32(half);
    }
  }

  /// The rows of quantised activations that a tile reads, from one group on; rows lie `stride` bytes apart.
  struct Codes {
    const std::byte* codes;
    const std::byte* scales;
    const std::byte* corrections;
    Size stride;
  };

  /// y [Rows, panel_rows] = or += (start: =) the product of `groups` groups; columns that `masks` leaves out are not
  /// touched.
  template <int Rows>
  static void tile_int8(const std::byte* weight, Codes x, int groups, bool start, float* y, Size y_stride,
                        const Mask (&masks)[2]) {
    Float sums[Rows][2];
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) {
        sums[r][c] = start ? V::zero() : V::load(masks[c], y + r * y_stride + V::lanes * c);
      }
    }
    for (int g = 0; g < groups; ++g) {
      Int exact[Rows][2];
#pragma GCC unroll 8
      for (Size r = 0; r < Rows; ++r) exact[r][0] = exact[r][1] = V::broadcast_int(x.corrections + r * x.stride);
      // Unrolled whole: of a loop, GCC 12 copies the sums about and spills them.
#pragma GCC unroll 8
      for (int quad = 0; quad < quads; ++quad) {
        const std::byte* w = weight + quad * 4 * panel_rows;
        const Int low = V::load_bytes(w);
        const Int high = V::load_bytes(w + 4 * V::lanes);
#pragma GCC unroll 8
        for (Size r = 0; r < Rows; ++r) {
          const Int four = V::broadcast_int(x.codes + r * x.stride + 4 * quad);
          exact[r][0] = V::dot(exact[r][0], low, four);
          exact[r][1] = V::dot(exact[r][1], high, four);
        }
      }
      const float* scales = reinterpret_cast<const float*>(weight + group_codes);
#pragma GCC unroll 8
      for (Size r = 0; r < Rows; ++r) {
        const Float x_scale = V::broadcast(reinterpret_cast<const float*>(x.scales + r * x.stride));
#pragma GCC unroll 2
        for (Size c = 0; c < 2; ++c) {
          const Float scale = V::multiply(V::load(scales + V::lanes * c), x_scale);
          sums[r][c] = V::multiply_add(V::to_float(exact[r][c]), scale, sums[r][c]);
        }
      }
      weight += group_bytes;
      x.codes += group_size;
      x.scales += sizeof(float);
      x.corrections += sizeof(std::int32_t);
    }
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) V::store(masks[c], y + r * y_stride + V::lanes * c, sums[r][c]);
    }
  }

  /// The same for k floats.
  template <int Rows>
  static void tile_f32(const float* weight, const float* x, Size x_stride, int k, bool start, float* y, Size y_stride,
                       const Mask (&masks)[2]) {
    Float sums[Rows][2];
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) {
        sums[r][c] = start ? V::zero() : V::load(masks[c], y + r * y_stride + V::lanes * c);
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
    for (Size r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) V::store(masks[c], y + r * y_stride + V::lanes * c, sums[r][c]);
    }
  }

  /// run(integral constant) for `rows` in 1 … most.
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

  /// tile(panel, from, length, row, rows, masks) over the rectangle: blocks of k, then panels, then rows.
  template <class Tile>
  static void walk(const Rectangle& r, int tile_rows, int block, const Tile& tile) {
    if (r.m <= tile_rows) block = r.k;
    for (int from = 0; from < r.k; from += block) {
      const int length = r.k - from < block ? r.k - from : block;
      for (int panel = 0; panel < r.panels; ++panel) {
        const int columns = r.columns - panel * panel_rows;
        const Mask masks[2] = {V::first(columns), V::first(columns - V::lanes)};
        for_tiles(r.m, tile_rows, [&](int row, int rows) { tile(panel, from, length, row, rows, masks); });
      }
    }
    add_bias(r);
  }

  static void multiply_int8(const Rectangle& r) {
    walk(r, V::tile_rows_int8, block_int8,
         [&](int panel, int from, int length, int row, int rows, const Mask(&masks)[2]) {
           const Size group = static_cast<Size>(from / group_size);
           const std::byte* x = r.x_rows + static_cast<Size>(row) * r.x_row_bytes;
           const Codes codes = {.codes = x + from,
                                .scales = x + scales_at(r.k) + group * sizeof(float),
                                .corrections = x + corrections_at(r.k) + group * sizeof(std::int32_t),
                                .stride = r.x_row_bytes};
           const std::byte* weight = r.weight + static_cast<Size>(panel) * panel_bytes_int8(r.k) + group * group_bytes;
           float* y = r.y + static_cast<Size>(row) * r.y_stride + static_cast<Size>(panel) * panel_rows;
           with_rows<V::tile_rows_int8>(rows, [&]<int Rows>() {
             tile_int8<Rows>(weight, codes, length / group_size, from == 0, y, r.y_stride, masks);
           });
         });
  }

  static void multiply_f32(const Rectangle& r) {
    walk(r, V::tile_rows_f32, block_f32,
         [&](int panel, int from, int length, int row, int rows, const Mask(&masks)[2]) {
           const float* weight =
               reinterpret_cast<const float*>(r.weight) +
               (static_cast<Size>(panel) * static_cast<Size>(r.k) + static_cast<Size>(from)) * panel_rows;
           const float* x = r.x + static_cast<Size>(row) * r.x_stride + from;
           float* y = r.y + static_cast<Size>(row) * r.y_stride + static_cast<Size>(panel) * panel_rows;
           with_rows<V::tile_rows_f32>(rows, [&]<int Rows>() {
             tile_f32<Rows>(weight, x, r.x_stride, length, from == 0, y, r.y_stride, masks);
           });
         });
  }

  static_assert(V::tile_rows_f32 % V::tile_rows_int8 == 0);
  static constexpr LinearKernel kernel = {
      .panel = panel_rows,
      .row_tile = V::tile_rows_f32,
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
};

}  // namespace
}  // namespace mobiedit::kernels
