// The product with Arm's vectors, 16 weight rows to a panel; once for each way to multiply bytes. Private to the file
// that includes it.
//
// Both sides are signed bytes. Activations of 16 bits are two planes of bytes and two sums, exactly.
//   panel in groups: for each group of 32, codes as V::at has them, then 16 scales; of 4 bits, the first 16 codes of a
//     row in the low halves of their bytes, + 8, the others in the high ones
//   panel by rows: codes as in groups, then 16 scales
//   row of activations in groups: a plane or two of codes [k], scales [k/32]; by rows: codes [k], scale
//
// V multiplies: V::at(row, i), where code i < 16 of a row lies in a block of 16 x 16; V::Sums<Rows>, 16 sums for each
// of some rows of activations.
#pragma once

#include <arm_neon.h>

#include "kernels/plain/quantize.h"
#include "kernels/tiles.h"

namespace mobiedit::kernels {
namespace {

struct Float8 {
  float32x4_t low, high;
};

/// Eight floats, for the templates of tiles.h.
struct Vector8 {
  using Float = Float8;
  using Mask = int;
  static constexpr int lanes = 8;
  static constexpr int tile_rows_f32 = 4;

  static Mask first(int n) { return n < 0 ? 0 : n > lanes ? lanes : n; }
  static Float zero() { return {vdupq_n_f32(0), vdupq_n_f32(0)}; }
  static Float load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static Float load(Mask n, const float* p) {
    float all[lanes] = {};
    for (int i = 0; i < n; ++i) all[i] = p[i];
    return load(all);
  }
  static void store(float* p, Float v) {
    vst1q_f32(p, v.low);
    vst1q_f32(p + 4, v.high);
  }
  static void store(Mask n, float* p, Float v) {
    float all[lanes];
    store(all, v);
    for (int i = 0; i < n; ++i) p[i] = all[i];
  }
  static Float broadcast(const float* p) { return {vdupq_n_f32(*p), vdupq_n_f32(*p)}; }
  static Float multiply_add(Float a, Float b, Float c) {
    return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
  }
};

template <class V>
struct Neon : Tiles<Vector8> {
  using Size = std::size_t;
  static constexpr Size vectors = panel_rows / 4;  // of sums, a row of activations
  static constexpr Size half = 16;                 // codes of a row in a block
  static constexpr Size block_bytes = half * panel_rows;

  static Size round_up(Size bytes) { return (bytes + 63) / 64 * 64; }
  static Size groups_of(int k) { return static_cast<Size>(k / group_size); }

  // ---- weights ----

  template <int bits>
  static constexpr Size group_codes = Size{panel_rows} * group_size * bits / 8;
  template <int bits>
  static constexpr Size group_bytes = group_codes<bits> + panel_rows * sizeof(float);

  template <int bits>
  static Size panel_bytes(int k) {
    return groups_of(k) * group_bytes<bits>;
  }
  static Size panel_bytes_by_row(int k) { return static_cast<Size>(k) * panel_rows + panel_rows * sizeof(float); }

  /// The codes of a group; rows of `codes` lie k apart.
  template <int bits>
  static void pack_group(const std::int8_t* codes, Size k, std::byte* group) {
    auto* out = reinterpret_cast<std::int8_t*>(group);
    for (Size row = 0; row < panel_rows; ++row) {
      for (Size i = 0; i < half; ++i) {
        const std::int8_t first = codes[row * k + i], second = codes[row * k + half + i];
        if constexpr (bits == 8) {
          out[V::at(row, i)] = first;
          out[block_bytes + V::at(row, i)] = second;
        } else {
          out[V::at(row, i)] = static_cast<std::int8_t>((first + 8) | (second + 8) << 4);
        }
      }
    }
  }
  template <int bits>
  static int code_of(const std::byte* group, Size row, Size i) {
    const auto* in = reinterpret_cast<const std::int8_t*>(group);
    if constexpr (bits == 8) return in[i / half * block_bytes + V::at(row, i % half)];
    return ((static_cast<std::uint8_t>(in[V::at(row, i % half)]) >> (i < half ? 0 : 4)) & 15) - 8;
  }

  template <int bits>
  static void pack_groups(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
    for (Size g = 0; g < groups_of(k); ++g, panel += group_bytes<bits>) {
      pack_group<bits>(codes + g * group_size, static_cast<Size>(k), panel);
      float* out = reinterpret_cast<float*>(panel + group_codes<bits>);
      for (Size row = 0; row < panel_rows; ++row) out[row] = scales[row * groups_of(k) + g];
    }
  }
  template <int bits>
  static void unpack_groups(const std::byte* panel, int k, int row, float* values) {
    for (Size g = 0; g < groups_of(k); ++g, panel += group_bytes<bits>, values += group_size) {
      const float scale = reinterpret_cast<const float*>(panel + group_codes<bits>)[row];
      for (Size i = 0; i < group_size; ++i) {
        values[i] = static_cast<float>(code_of<bits>(panel, static_cast<Size>(row), i)) * scale;
      }
    }
  }
  static void pack_by_row(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
    for (Size g = 0; g < groups_of(k); ++g) {
      pack_group<8>(codes + g * group_size, static_cast<Size>(k), panel + g * group_codes<8>);
    }
    __builtin_memcpy(panel + static_cast<Size>(k) * panel_rows, scales, panel_rows * sizeof(float));
  }
  static void unpack_by_row(const std::byte* panel, int k, int row, float* values) {
    const float scale = reinterpret_cast<const float*>(panel + static_cast<Size>(k) * panel_rows)[row];
    for (Size i = 0; i < static_cast<Size>(k); ++i) {
      const std::byte* group = panel + i / group_size * group_codes<8>;
      values[i] = static_cast<float>(code_of<8>(group, static_cast<Size>(row), i % group_size)) * scale;
    }
  }

  // ---- activations ----

  template <int planes>
  static Size scales_at(int k) {
    return static_cast<Size>(k) * planes;
  }
  template <int planes>
  static Size row_bytes(int k) {
    return round_up(scales_at<planes>(k) + groups_of(k) * sizeof(float));
  }
  template <int planes>
  static void quantize_groups(const float* x, int k, std::byte* row) {
    auto* codes = reinterpret_cast<std::int8_t*>(row);
    float* scales = reinterpret_cast<float*>(row + scales_at<planes>(k));
    for (Size g = 0; g < groups_of(k); ++g, x += group_size, codes += group_size) {
      if constexpr (planes == 1) {
        scales[g] = quantize(x, group_size, codes);
      } else {
        std::int16_t both[group_size];
        scales[g] = quantize(x, group_size, both);
        for (Size i = 0; i < group_size; ++i) {
          const int high = (both[i] + 128) >> 8;
          codes[i] = static_cast<std::int8_t>(high);
          codes[static_cast<Size>(k) + i] = static_cast<std::int8_t>(both[i] - 256 * high);
        }
      }
    }
  }
  static Size row_bytes_by_row(int k) { return round_up(static_cast<Size>(k) + sizeof(float)); }
  static void quantize_by_row(const float* x, int k, std::byte* row) {
    *reinterpret_cast<float*>(row + k) = quantize(x, k, reinterpret_cast<std::int8_t*>(row));
  }

  // ---- products ----

  /// Vector i of the 16 that hold half `second` of a group's codes.
  template <int bits, int second>
  static int8x16_t weights_of(const std::byte* group, Size i) {
    if constexpr (bits == 8) {
      return vld1q_s8(reinterpret_cast<const std::int8_t*>(group) + second * block_bytes + 16 * i);
    } else {
      const uint8x16_t both = vld1q_u8(reinterpret_cast<const std::uint8_t*>(group) + 16 * i);
      const uint8x16_t code = second == 0 ? vandq_u8(both, vdupq_n_u8(15)) : vshrq_n_u8(both, 4);
      return vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(8));
    }
  }

  /// sums += a group of weights times the codes of rows `stride` bytes apart.
  template <int bits, class Sums>
  static void add_group(Sums& sums, const std::byte* group, const std::byte* codes, Size stride) {
    const auto* x = reinterpret_cast<const std::int8_t*>(codes);
    sums.add([&](Size i) { return weights_of<bits, 0>(group, i); }, x, stride);
    sums.add([&](Size i) { return weights_of<bits, 1>(group, i); }, x + half, stride);
  }

  template <int Rows>
  static void add_scaled(float32x4_t (&y)[Rows][vectors], const int32x4_t (&exact)[Rows][vectors], const float* scales,
                         const std::byte* x_scales, Size stride) {
    for (Size r = 0; r < Rows; ++r) {
      const float x_scale = *reinterpret_cast<const float*>(x_scales + r * stride);
      for (Size c = 0; c < vectors; ++c) {
        const float32x4_t scale = vmulq_n_f32(vld1q_f32(scales + 4 * c), x_scale);
        y[r][c] = vfmaq_f32(y[r][c], vcvtq_f32_s32(exact[r][c]), scale);
      }
    }
  }

  template <int Rows>
  static void load(float32x4_t (&y)[Rows][vectors], const Place& p, Size stride) {
    for (Size r = 0; r < Rows; ++r) {
      Float8 a = Vector8::zero(), b = a;
      if (!p.start) p.columns.load(p.y + r * stride, a, b);
      y[r][0] = a.low, y[r][1] = a.high, y[r][2] = b.low, y[r][3] = b.high;
    }
  }
  template <int Rows>
  static void store(const float32x4_t (&y)[Rows][vectors], const Place& p, Size stride) {
    for (Size r = 0; r < Rows; ++r) p.columns.store(p.y + r * stride, {y[r][0], y[r][1]}, {y[r][2], y[r][3]});
  }

  template <int bits, int planes>
  static void multiply_groups(const Rectangle& r) {
    // Steps of k in a slice; a panel's slice and the rows it meets stay in the level-1 cache.
    constexpr int block = 1024;
    const auto tile = [&]<int Rows>(const Place& p) {
      const Size stride = r.x_row_bytes;
      const std::byte* codes = r.x_rows + static_cast<Size>(p.row) * stride;
      const std::byte* x_scales = codes + scales_at<planes>(r.k) + groups_of(p.from) * sizeof(float);
      codes += p.from;
      const std::byte* weight = p.weight;
      float32x4_t y[Rows][vectors];
      load<Rows>(y, p, r.y_stride);
      for (int g = 0; g < p.length / group_size; ++g) {
        typename V::template Sums<Rows> sums;
        add_group<bits>(sums, weight, codes, stride);
        int32x4_t exact[Rows][vectors];
        sums.read(exact);
        if constexpr (planes == 2) {
          typename V::template Sums<Rows> low;
          add_group<bits>(low, weight, codes + r.k, stride);
          int32x4_t rest[Rows][vectors];
          low.read(rest);
          for (Size i = 0; i < Rows; ++i) {
            for (Size c = 0; c < vectors; ++c) exact[i][c] = vaddq_s32(vshlq_n_s32(exact[i][c], 8), rest[i][c]);
          }
        }
        add_scaled<Rows>(y, exact, reinterpret_cast<const float*>(weight + group_codes<bits>), x_scales, stride);
        weight += group_bytes<bits>;
        codes += group_size;
        x_scales += sizeof(float);
      }
      store<Rows>(y, p, r.y_stride);
    };
    walk<2>(r, panel_bytes<bits>(r.k), group_bytes<bits> / group_size, block, tile);
  }

  static void multiply_by_row(const Rectangle& r) {
    const auto tile = [&]<int Rows>(const Place& p) {
      const Size stride = r.x_row_bytes;
      const std::byte* codes = r.x_rows + static_cast<Size>(p.row) * stride;
      typename V::template Sums<Rows> sums;
      for (Size g = 0; g < groups_of(r.k); ++g) {
        add_group<8>(sums, p.panel + g * group_codes<8>, codes + g * group_size, stride);
      }
      int32x4_t exact[Rows][vectors];
      sums.read(exact);
      float32x4_t y[Rows][vectors] = {};
      const auto* scales = reinterpret_cast<const float*>(p.panel + static_cast<Size>(r.k) * panel_rows);
      add_scaled<Rows>(y, exact, scales, codes + r.k, stride);
      store<Rows>(y, p, r.y_stride);
    };
    // k is not cut into pieces, so that the sums stay in registers.
    walk<V::rows_by_row>(r, panel_bytes_by_row(r.k), panel_rows, r.k, tile);
  }

  static constexpr LinearKernel kernel = {
      .panel = panel_rows,
      .row_tile = Vector8::tile_rows_f32,
      .panel_bytes_f32 = panel_bytes_f32,
      .pack_f32 = pack_f32,
      .unpack_f32 = unpack_f32,
      .multiply_f32 = multiply_f32,
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
  };
};

}  // namespace
}  // namespace mobiedit::kernels
