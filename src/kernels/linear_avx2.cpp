// The product with 256-bit vectors, 16 weight rows to a panel.
//
// Int8: without VNNI the widest exact multiply-add of bytes is vpmaddwd on 16-bit values, two products to a 32-bit
// lane (vpmaddubsw saturates on full-range codes, and taking a sign apart costs what it saves). Weights stay bytes in
// memory and are widened as they are loaded, once for all rows of a tile; activations are widened when they are
// quantised, and broadcast two at a time.
//   panel: for each group of 32, codes [16 pairs along k][16 rows][2], then 16 scales
//   row of activations: codes [k] as int16, then scales [k/32]
#include "kernels/quantize_avx2.h"
#include "kernels/tiles.h"
#include "kernels/vector256.h"

namespace mobiedit::kernels {
namespace {

using Size = std::size_t;

struct Avx2 : Vector256 {
  static constexpr int tile_rows_int8 = 3;  // 6 integer and 6 float sums of 16 registers
  static constexpr int tile_rows_f32 = 6;
};
using Tiles256 = Tiles<Avx2>;

constexpr int panel_rows = Tiles256::panel_rows;
constexpr int pairs = group_size / 2;
constexpr Size group_codes = Size{panel_rows} * group_size;
constexpr Size group_bytes = group_codes + panel_rows * sizeof(float);

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

/// y [Rows, 16] = or += (start: =) the product of `groups` groups.
template <int Rows>
void tile_int8(const std::byte* weight, const std::int16_t* x, Size x_stride, const float* x_scales,
               Size x_scales_stride, int groups, bool start, float* y, Size y_stride,
               const Tiles256::Columns& columns) {
  __m256 sums[Rows][2];
#pragma GCC unroll 4
  for (Size r = 0; r < Rows; ++r) {
    if (start) {
      sums[r][0] = sums[r][1] = _mm256_setzero_ps();
    } else {
      columns.load(y + r * y_stride, sums[r][0], sums[r][1]);
    }
  }
  for (int g = 0; g < groups; ++g, weight += group_bytes, x += group_size, ++x_scales) {
    __m256i exact[Rows][2];
#pragma GCC unroll 4
    for (Size r = 0; r < Rows; ++r) exact[r][0] = exact[r][1] = _mm256_setzero_si256();
    // Unrolled whole, GCC 12 moves loads about until the sums spill: a third slower.
#pragma GCC unroll 4
    for (int pair = 0; pair < pairs; ++pair) {
      const auto* w = reinterpret_cast<const __m128i*>(weight + pair * 2 * panel_rows);
      const __m256i low = _mm256_cvtepi8_epi16(_mm_load_si128(w));
      const __m256i high = _mm256_cvtepi8_epi16(_mm_load_si128(w + 1));
#pragma GCC unroll 4
      for (Size r = 0; r < Rows; ++r) {
        const __m256i both = broadcast_pair(x + r * x_stride + 2 * pair);
        exact[r][0] = _mm256_add_epi32(exact[r][0], _mm256_madd_epi16(low, both));
        exact[r][1] = _mm256_add_epi32(exact[r][1], _mm256_madd_epi16(high, both));
      }
    }
    const float* scales = reinterpret_cast<const float*>(weight + group_codes);
#pragma GCC unroll 4
    for (Size r = 0; r < Rows; ++r) {
      const __m256 x_scale = _mm256_set1_ps(x_scales[r * x_scales_stride]);
#pragma GCC unroll 2
      for (Size c = 0; c < 2; ++c) {
        const __m256 scale = _mm256_mul_ps(_mm256_load_ps(scales + 8 * c), x_scale);
        sums[r][c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact[r][c]), scale, sums[r][c]);
      }
    }
  }
#pragma GCC unroll 4
  for (Size r = 0; r < Rows; ++r) columns.store(y + r * y_stride, sums[r][0], sums[r][1]);
}

void multiply_int8(const Rectangle& r) {
  constexpr int block = 1024;
  const auto tile = [&]<int Rows>(const std::byte* weight, int from, int length, int row, float* y,
                                  const Tiles256::Columns& columns) {
    const std::byte* x_row = r.x_rows + static_cast<Size>(row) * r.x_row_bytes;
    const auto* x = reinterpret_cast<const std::int16_t*>(x_row) + from;
    const auto* scales = reinterpret_cast<const float*>(x_row + static_cast<Size>(r.k) * sizeof(std::int16_t));
    tile_int8<Rows>(weight, x, r.x_row_bytes / sizeof(std::int16_t), scales + from / group_size,
                    r.x_row_bytes / sizeof(float), length / group_size, from == 0, y, r.y_stride, columns);
  };
  Tiles256::walk<Avx2::tile_rows_int8>(r, panel_bytes_int8(r.k), block, tile);
}

}  // namespace

constinit const LinearKernel linear_avx2 = {
    .panel = panel_rows,
    .row_tile = Avx2::tile_rows_f32,
    .panel_bytes_f32 = Tiles256::panel_bytes_f32,
    .panel_bytes_int8 = panel_bytes_int8,
    .row_bytes_int8 = row_bytes_int8,
    .pack_f32 = Tiles256::pack_f32,
    .unpack_f32 = Tiles256::unpack_f32,
    .pack_int8 = pack_int8,
    .unpack_int8 = unpack_int8,
    .quantize_row = quantize_row,
    .multiply_f32 = Tiles256::multiply_f32,
    .multiply_int8 = multiply_int8,
};

}  // namespace mobiedit::kernels
