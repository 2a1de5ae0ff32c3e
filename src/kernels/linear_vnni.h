// The product by vpdpbusd, which multiplies four unsigned bytes by four signed ones and adds all four to a 32-bit lane;
// once for each vector length that has it. Private to the file that includes it.
//
// Weights are the unsigned side, as code + 128: then what must be taken back is 128 times the sum of the *activations*
// of a group, one number for all weights, found once when a row is quantised; the sums of a group start from it.
//   panel: for each group of 32, codes [8 quads along k][panel rows][4], then a scale for each row
//   row of activations: codes [k], then scales [k/32], then -128 * sum of codes [k/32] as int32
//
// V is a vector as in tiles.h, with a few operations more.
#pragma once

#include "kernels/quantize_avx2.h"
#include "kernels/tiles.h"

namespace mobiedit::kernels {
namespace {

template <class V>
struct Vnni : Tiles<V> {
  using Size = std::size_t;
  using Float = typename V::Float;
  using Int = typename V::Int;
  using typename Tiles<V>::Columns;
  using Tiles<V>::panel_rows;

  static constexpr int quads = group_size / 4;
  static constexpr Size group_codes = Size{panel_rows} * group_size;
  static constexpr Size group_bytes = group_codes + panel_rows * sizeof(float);
  static constexpr int block_int8 = 1024;

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

  /// y [Rows, panel_rows] = or += (start: =) the product of `groups` groups.
  template <int Rows>
  static void tile_int8(const std::byte* weight, Codes x, int groups, bool start, float* y, Size y_stride,
                        const Columns& columns) {
    Float sums[Rows][2];
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
      if (start) {
        sums[r][0] = sums[r][1] = V::zero();
      } else {
        columns.load(y + r * y_stride, sums[r][0], sums[r][1]);
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
    for (Size r = 0; r < Rows; ++r) columns.store(y + r * y_stride, sums[r][0], sums[r][1]);
  }

  static void multiply_int8(const Rectangle& r) {
    Tiles<V>::template walk<V::tile_rows_int8>(
        r, panel_bytes_int8(r.k), block_int8,
        [&]<int Rows>(const std::byte* weight, int from, int length, int row, float* y, const Columns& columns) {
          const Size group = static_cast<Size>(from / group_size);
          const std::byte* x = r.x_rows + static_cast<Size>(row) * r.x_row_bytes;
          const Codes codes = {.codes = x + from,
                               .scales = x + scales_at(r.k) + group * sizeof(float),
                               .corrections = x + corrections_at(r.k) + group * sizeof(std::int32_t),
                               .stride = r.x_row_bytes};
          tile_int8<Rows>(weight, codes, length / group_size, from == 0, y, r.y_stride, columns);
        });
  }

  static_assert(V::tile_rows_f32 % V::tile_rows_int8 == 0);
  static constexpr LinearKernel kernel = {
      .panel = panel_rows,
      .row_tile = V::tile_rows_f32,
      .panel_bytes_f32 = Tiles<V>::panel_bytes_f32,
      .panel_bytes_int8 = panel_bytes_int8,
      .row_bytes_int8 = row_bytes_int8,
      .pack_f32 = Tiles<V>::pack_f32,
      .unpack_f32 = Tiles<V>::unpack_f32,
      .pack_int8 = pack_int8,
      .unpack_int8 = unpack_int8,
      .quantize_row = quantize_row,
      .multiply_f32 = Tiles<V>::multiply_f32,
      .multiply_int8 = multiply_int8,
  };
};

}  // namespace
}  // namespace mobiedit::kernels
