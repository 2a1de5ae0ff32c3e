// Matrix product by vpdpbusd, which multiplies four unsigned bytes by four signed ones and adds all four to a 32-bit
// lane. Instantiated for each vector length that has it. Private to the file that includes it.
//
// Weights are the unsigned side, as code + 128 (4 bits: + 8). The surplus is 128 (8) times the sum of a group's
// *activations*: one number for all weights, computed when a row is quantised. The sums of a group start from its
// negative. Activations of 16 bits are two planes of bytes and two sums, exactly.
//   panel in groups: for each group of 32, codes [8 quads along k][panel rows][4], then a scale for each row; of 4
//     bits, codes [4 pairs of quads][panel rows][4], the first quad in the low half of each byte
//   panel by rows: codes [k/4 quads][panel rows][4], then a scale for each row
//   row of activations in groups: a plane or two of codes [k], scales [k/32], then as int32 -128 * sum [k/32] and
//     -8 * sum [k/32]; by rows: codes [k], scale, -128 * sum
//
// V is a vector as in tiles.h, with a few operations more.
#pragma once

#include "kernels/cached_rows.h"
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
  using typename Tiles<V>::Place;
  using Tiles<V>::panel_rows;

  static constexpr int quads = group_size / 4;
  static constexpr Size quad_bytes = Size{4} * panel_rows;
  // Steps of k in a slice; a panel's slice and the rows it meets stay in the level-1 cache.
  static constexpr int block = 1024;

  static Size round_up(Size bytes) { return (bytes + 63) / 64 * 64; }

  // ---- groups of 32 ----

  template <int bits>
  static constexpr Size group_codes = Size{panel_rows} * group_size * bits / 8;
  template <int bits>
  static constexpr Size group_bytes = group_codes<bits> + panel_rows * sizeof(float);

  template <int bits>
  static Size panel_bytes(int k) {
    return static_cast<Size>(k / group_size) * group_bytes<bits>;
  }

  /// The place of code i of a group, in quads of bytes. With 4 bits two quads share their bytes.
  template <int bits>
  static constexpr Size code_at(Size row, Size i) {
    return (i / 4 * bits / 8 * panel_rows + row) * 4 + i % 4;
  }

  template <int bits>
  static void pack_groups(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
    const Size groups = static_cast<Size>(k / group_size);
    for (Size g = 0; g < groups; ++g) {
      auto* out = reinterpret_cast<std::uint8_t*>(panel + g * group_bytes<bits>);
      float* out_scales = reinterpret_cast<float*>(panel + g * group_bytes<bits> + group_codes<bits>);
      for (Size row = 0; row < panel_rows; ++row) {
        const std::int8_t* in = codes + row * static_cast<Size>(k) + g * group_size;
        for (Size i = 0; i < group_size; ++i) {
          std::uint8_t& at = out[code_at<bits>(row, i)];
          if (bits == 8) {
            at = static_cast<std::uint8_t>(in[i] + 128);
          } else {
            const int code = in[i] + 8;
            at = static_cast<std::uint8_t>(i / 4 % 2 == 0 ? code : at | code << 4);
          }
        }
        out_scales[row] = scales[row * groups + g];
      }
    }
  }

  template <int bits>
  static void unpack_groups(const std::byte* panel, int k, int row, float* values) {
    for (Size g = 0; g < static_cast<Size>(k / group_size); ++g) {
      const auto* codes = reinterpret_cast<const std::uint8_t*>(panel + g * group_bytes<bits>);
      const float scale = reinterpret_cast<const float*>(panel + g * group_bytes<bits> + group_codes<bits>)[row];
      for (Size i = 0; i < group_size; ++i) {
        const int byte = codes[code_at<bits>(static_cast<Size>(row), i)];
        const int code = bits == 8 ? byte - 128 : (i / 4 % 2 == 0 ? byte & 15 : byte >> 4) - 8;
        values[g * group_size + i] = static_cast<float>(code) * scale;
      }
    }
  }

  template <int planes>
  static Size scales_at(int k) {
    return static_cast<Size>(k) * planes;
  }
  template <int planes, int bits>
  static Size corrections_at(int k) {
    return scales_at<planes>(k) + static_cast<Size>(k / group_size) * (bits == 8 ? 4 : 8);
  }
  template <int planes>
  static Size row_bytes(int k) {
    return round_up(scales_at<planes>(k) + static_cast<Size>(k / group_size) * 12);
  }

  template <int planes>
  static void quantize_groups(const float* x, int k, std::byte* row) {
    constexpr float greatest = greatest_code(planes);
    float* scales = reinterpret_cast<float*>(row + scales_at<planes>(k));
    auto* by_128 = reinterpret_cast<std::int32_t*>(row + corrections_at<planes, 8>(k));
    auto* by_8 = reinterpret_cast<std::int32_t*>(row + corrections_at<planes, 4>(k));
    for (Size g = 0; g < static_cast<Size>(k / group_size); ++g, x += group_size, row += group_size) {
      const float absmax = absmax_avx2(x, group_size);
      const Codes16 codes(x, _mm256_set1_ps(inverse_of(absmax, greatest)));
      store_planes<planes>(codes, row, static_cast<Size>(k));
      scales[g] = absmax / greatest;
      const int sum = codes.sum();
      by_128[g] = -128 * sum;
      by_8[g] = -8 * sum;
    }
  }

  /// Vector c (0, 1) of quad `quad` of a group, as unsigned bytes.
  template <int bits>
  static Int weights_of(const std::byte* group, int quad, int c) {
    const int vector = 4 * V::lanes * c;
    if constexpr (bits == 8) {
      return V::load_bytes(group + quad * static_cast<int>(quad_bytes) + vector);
    } else {
      const Int both = V::load_bytes(group + quad / 2 * static_cast<int>(quad_bytes) + vector);
      return quad % 2 == 0 ? V::low_nibbles(both) : V::high_nibbles(both);
    }
  }

  /// The rows of quantised activations that a tile reads, from one group on; rows lie `stride` bytes apart.
  struct Codes {
    const std::byte* codes;
    const std::byte* scales;
    const std::byte* corrections;
    Size stride;
    Size plane;  // bytes from the high bytes of 16-bit codes to their low bytes
  };

  /// y [Rows, panel_rows] = or += the product of a slice of k.
  template <int bits, int planes, int Rows>
  static void tile_groups(Place p, Codes x, Size y_stride) {
    const std::byte* weight = p.weight;
    const int groups = p.length / group_size;
    Float sums[Rows][2];
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) {
      if (p.start) {
        sums[r][0] = sums[r][1] = V::zero();
      } else {
        p.columns.load(p.y + r * y_stride, sums[r][0], sums[r][1]);
      }
    }
    for (int g = 0; g < groups; ++g) {
      p.call_ahead();
      Int exact[Rows][2];
      Int high[planes == 2 ? Rows : 1][2];
#pragma GCC unroll 8
      for (Size r = 0; r < Rows; ++r) {
        exact[r][0] = exact[r][1] = V::broadcast_int(x.corrections + r * x.stride);
        if constexpr (planes == 2) high[r][0] = high[r][1] = V::zero_int();
      }
      // Unrolled whole: in a loop, GCC 12 copies the sums and spills them.
#pragma GCC unroll 8
      for (int quad = 0; quad < quads; ++quad) {
        const Int w0 = weights_of<bits>(weight, quad, 0);
        const Int w1 = weights_of<bits>(weight, quad, 1);
#pragma GCC unroll 8
        for (Size r = 0; r < Rows; ++r) {
          const std::byte* codes = x.codes + r * x.stride + 4 * quad;
          if constexpr (planes == 2) {
            high[r][0] = V::dot(high[r][0], w0, codes);
            high[r][1] = V::dot(high[r][1], w1, codes);
            codes += x.plane;
          }
          exact[r][0] = V::dot(exact[r][0], w0, codes);
          exact[r][1] = V::dot(exact[r][1], w1, codes);
        }
      }
      const float* scales = reinterpret_cast<const float*>(weight + group_codes<bits>);
#pragma GCC unroll 8
      for (Size r = 0; r < Rows; ++r) {
        const Float x_scale = V::broadcast(reinterpret_cast<const float*>(x.scales + r * x.stride));
#pragma GCC unroll 2
        for (Size c = 0; c < 2; ++c) {
          if constexpr (planes == 2) exact[r][c] = V::add(exact[r][c], V::times_256(high[r][c]));
          const Float scale = V::multiply(V::load(scales + V::lanes * c), x_scale);
          sums[r][c] = V::multiply_add(V::to_float(exact[r][c]), scale, sums[r][c]);
        }
      }
      weight += group_bytes<bits>;
      x.codes += group_size;
      x.scales += sizeof(float);
      x.corrections += sizeof(std::int32_t);
    }
#pragma GCC unroll 8
    for (Size r = 0; r < Rows; ++r) p.columns.store(p.y + r * y_stride, sums[r][0], sums[r][1]);
  }

  template <int bits, int planes>
  static void multiply_groups(const Rectangle& r) {
    constexpr int rows = planes == 1 ? V::tile_rows_groups : V::tile_rows_two_planes;
    Tiles<V>::template walk<rows>(
        r, panel_bytes<bits>(r.k), group_bytes<bits> / group_size, block, [&]<int Rows>(const Place& p) {
          const Size group = static_cast<Size>(p.from / group_size);
          const std::byte* x = r.x_rows + static_cast<Size>(p.row) * r.x_row_bytes;
          const Codes codes = {.codes = x + p.from,
                               .scales = x + scales_at<planes>(r.k) + group * sizeof(float),
                               .corrections = x + corrections_at<planes, bits>(r.k) + group * sizeof(std::int32_t),
                               .stride = r.x_row_bytes,
                               .plane = static_cast<Size>(r.k)};
          tile_groups<bits, planes, Rows>(p, codes, r.y_stride);
        });
  }

  // ---- a scale per row ----

  static Size panel_bytes_by_row(int k) { return static_cast<Size>(k) * panel_rows + panel_rows * sizeof(float); }

  static void pack_by_row(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
    const Size length = static_cast<Size>(k);
    auto* out = reinterpret_cast<std::uint8_t*>(panel);
    for (Size row = 0; row < panel_rows; ++row) {
      const std::int8_t* in = codes + row * length;
      for (Size i = 0; i < length; ++i) out[code_at<8>(row, i)] = static_cast<std::uint8_t>(in[i] + 128);
    }
    __builtin_memcpy(panel + length * panel_rows, scales, panel_rows * sizeof(float));
  }

  static void unpack_by_row(const std::byte* panel, int k, int row, float* values) {
    const auto* codes = reinterpret_cast<const std::uint8_t*>(panel);
    const float scale = reinterpret_cast<const float*>(panel + static_cast<Size>(k) * panel_rows)[row];
    for (Size i = 0; i < static_cast<Size>(k); ++i) {
      values[i] = static_cast<float>(codes[code_at<8>(static_cast<Size>(row), i)] - 128) * scale;
    }
  }

  static Size row_bytes_by_row(int k) { return round_up(static_cast<Size>(k) + 8); }

  static void quantize_by_row(const float* x, int k, std::byte* row) {
    const float absmax = absmax_avx2(x, k);
    const __m256 inverse = _mm256_set1_ps(inverse_of(absmax, greatest_code(1)));
    int sum = 0;
    for (int i = 0; i < k; i += group_size) {
      const Codes16 codes(x + i, inverse);
      store_planes<1>(codes, row + i, 0);
      sum += codes.sum();
    }
    *reinterpret_cast<float*>(row + k) = absmax / greatest_code(1);
    *reinterpret_cast<std::int32_t*>(row + k + 4) = -128 * sum;
  }

  /// Sums are kept in y, as bits, from slice to slice of k.
  template <int Rows>
  static void tile_by_row(Place p, const Rectangle& rectangle) {
    const Size stride = rectangle.x_row_bytes;
    const std::byte* x = rectangle.x_rows + static_cast<Size>(p.row) * stride;
    const std::byte* scale_and_correction = x + rectangle.k;
    Int exact[Rows][2];
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) {
      if (p.from == 0) {
        exact[r][0] = exact[r][1] = V::broadcast_int(scale_and_correction + r * stride + 4);
      } else {
        Float a, b;
        p.columns.load(p.y + r * rectangle.y_stride, a, b);
        exact[r][0] = V::bits(a);
        exact[r][1] = V::bits(b);
      }
    }
    const std::byte* weight = p.weight;
    x += p.from;
    for (int i = 0; i < p.length; i += group_size, x += group_size) {
      p.call_ahead();
#pragma GCC unroll 8
      for (int quad = 0; quad < quads; ++quad, weight += quad_bytes) {
        const Int w0 = V::load_bytes(weight);
        const Int w1 = V::load_bytes(weight + 4 * V::lanes);
#pragma GCC unroll 16
        for (Size r = 0; r < Rows; ++r) {
          const std::byte* four = x + r * stride + 4 * quad;
          exact[r][0] = V::dot(exact[r][0], w0, four);
          exact[r][1] = V::dot(exact[r][1], w1, four);
        }
      }
    }
    const bool finish = p.from + p.length == rectangle.k;
    const float* scales = reinterpret_cast<const float*>(p.panel + static_cast<Size>(rectangle.k) * panel_rows);
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) {
      Float sums[2] = {V::from_bits(exact[r][0]), V::from_bits(exact[r][1])};
      if (finish) {
        const Float x_scale = V::broadcast(reinterpret_cast<const float*>(scale_and_correction + r * stride));
#pragma GCC unroll 2
        for (Size c = 0; c < 2; ++c) {
          const Float scale = V::multiply(V::load(scales + V::lanes * c), x_scale);
          sums[c] = V::multiply(V::to_float(exact[r][c]), scale);
        }
      }
      p.columns.store(p.y + r * rectangle.y_stride, sums[0], sums[1]);
    }
  }

  static void multiply_by_row(const Rectangle& r) {
    Tiles<V>::template walk<V::tile_rows_by_row>(r, panel_bytes_by_row(r.k), panel_rows, block,
                                                 [&]<int Rows>(const Place& p) { tile_by_row<Rows>(p, r); });
  }

  static_assert(V::tile_rows_f32 % V::tile_rows_groups == 0 && V::tile_rows_f32 % V::tile_rows_by_row == 0);
  static constexpr LinearKernel kernel = {
      .panel = panel_rows,
      .row_tile = V::tile_rows_f32,
      .panel_bytes_f32 = Tiles<V>::panel_bytes_f32,
      .pack_f32 = Tiles<V>::pack_f32,
      .unpack_f32 = Tiles<V>::unpack_f32,
      .multiply_f32 = Tiles<V>::multiply_f32,
      .int8_g32 = {panel_bytes<8>, pack_groups<8>, unpack_groups<8>},
      .int4_g32 = {panel_bytes<4>, pack_groups<4>, unpack_groups<4>},
      .int8_row = {panel_bytes_by_row, pack_by_row, unpack_by_row},
      .rows_int8_g32 = {row_bytes<1>, quantize_groups<1>},
      .rows_int16_g32 = {row_bytes<2>, quantize_groups<2>},
      .rows_int8_row = {row_bytes_by_row, quantize_by_row},
      .multiply_int8 = multiply_groups<8, 1>,
      .multiply_int8_by_16 = multiply_groups<8, 2>,
      .multiply_int4 = multiply_groups<4, 1>,
      .multiply_int4_by_16 = multiply_groups<4, 2>,
      .multiply_int8_row = multiply_by_row,
      .score_cached = CachedRowsOf<V>::score,
      .weigh_cached = CachedRowsOf<V>::weigh,
  };
};

}  // namespace
}  // namespace mobiedit::kernels
