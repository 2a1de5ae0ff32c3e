// Matrix product with 256-bit vectors, 16 weight rows per panel.
//
// Bytes: without VNNI the widest exact multiply-add of them is vpmaddwd on 16-bit values, two products to a 32-bit lane
// (vpmaddubsw saturates on full-range codes, and taking a sign apart costs what it saves). Weights stay bytes in memory
// and are widened as they are loaded, once for all rows of a tile; activations are widened when they are quantised, and
// broadcast two at a time. Activations of 16 bits cost nothing more.
// Four bits: vpmaddubsw of code + 8 with bytes of activations; a group's eight sums of two, each at most 15 * 128 * 2,
// fit 16 bits, so they are widened once per group. Subtracting 8 times the sum of activations takes the + 8 back.
#include "kernels/cached_rows.h"
#include "kernels/forms_avx2.h"
#include "kernels/tiles.h"
#include "kernels/vector256.h"

namespace mobiedit::kernels {
namespace {

struct Avx2 : Vector256 {
  static constexpr int tile_rows_f32 = 6;
};
using Tiles256 = Tiles<Avx2>;
using Place = Tiles256::Place;

static_assert(panel_rows == Tiles256::panel_rows);
// Steps of k in a slice; a panel's slice and the rows it meets stay in the level-1 cache.
constexpr int block = 1024;

/// exact [Rows][2] += `pairs` pairs of weights times those of activations. Not unrolled whole: GCC 12 would reorder
/// loads until the sums spill, which is a third slower.
template <int Rows>
void add_pairs(__m256i (&exact)[Rows][2], const std::byte* weight, const std::byte* x, Size x_stride, int pairs) {
#pragma GCC unroll 4
  for (int pair = 0; pair < pairs; ++pair) {
    const auto* w = reinterpret_cast<const __m128i*>(weight + static_cast<Size>(pair) * pair_bytes);
    const __m256i low = _mm256_cvtepi8_epi16(_mm_load_si128(w));
    const __m256i high = _mm256_cvtepi8_epi16(_mm_load_si128(w + 1));
#pragma GCC unroll 4
    for (Size r = 0; r < Rows; ++r) {
      const __m256i both = Avx2::broadcast_int(x + r * x_stride + static_cast<Size>(pair) * 4);
      exact[r][0] = _mm256_add_epi32(exact[r][0], _mm256_madd_epi16(low, both));
      exact[r][1] = _mm256_add_epi32(exact[r][1], _mm256_madd_epi16(high, both));
    }
  }
}

/// sums [Rows][2] = fma(exact, weight scale * activation scale, sums).
template <int Rows>
void add_scaled(__m256 (&sums)[Rows][2], const __m256i (&exact)[Rows][2], const std::byte* weight_scales,
                const std::byte* x_scales, Size x_stride) {
  const float* scales = reinterpret_cast<const float*>(weight_scales);
#pragma GCC unroll 4
  for (Size r = 0; r < Rows; ++r) {
    const __m256 x_scale = Avx2::broadcast(reinterpret_cast<const float*>(x_scales + r * x_stride));
#pragma GCC unroll 2
    for (Size c = 0; c < 2; ++c) {
      const __m256 scale = _mm256_mul_ps(_mm256_load_ps(scales + 8 * c), x_scale);
      sums[r][c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact[r][c]), scale, sums[r][c]);
    }
  }
}

template <int Rows>
void load_sums(__m256 (&sums)[Rows][2], const Place& p, Size y_stride) {
#pragma GCC unroll 4
  for (Size r = 0; r < Rows; ++r) {
    if (p.start) {
      sums[r][0] = sums[r][1] = _mm256_setzero_ps();
    } else {
      p.columns.load(p.y + r * y_stride, sums[r][0], sums[r][1]);
    }
  }
}

template <int Rows>
void store_sums(const __m256 (&sums)[Rows][2], const Place& p, Size y_stride) {
#pragma GCC unroll 4
  for (Size r = 0; r < Rows; ++r) p.columns.store(p.y + r * y_stride, sums[r][0], sums[r][1]);
}

/// Activations of 8 or of 16 bits, which are both stored as 16-bit words.
void multiply_int8(const Rectangle& rectangle) {
  const auto tile = [&]<int Rows>(const Place& p) {
    const Size stride = rectangle.x_row_bytes;
    const std::byte* row = rectangle.x_rows + static_cast<Size>(p.row) * stride;
    const std::byte* x_scales = row + scales_at(rectangle.k) + groups_of(p.from) * sizeof(float);
    const std::byte* x = row + 2 * static_cast<Size>(p.from);
    const std::byte* weight = p.weight;
    __m256 sums[Rows][2];
    load_sums<Rows>(sums, p, rectangle.y_stride);
    for (int g = 0; g < p.length / group_size; ++g) {
      __m256i exact[Rows][2];
#pragma GCC unroll 4
      for (Size r = 0; r < Rows; ++r) exact[r][0] = exact[r][1] = _mm256_setzero_si256();
      add_pairs<Rows>(exact, weight, x, stride, group_size / 2);
      add_scaled<Rows>(sums, exact, weight + group_codes<8>, x_scales, stride);
      weight += group_bytes<8>;
      x += Size{2} * group_size;
      x_scales += sizeof(float);
    }
    store_sums<Rows>(sums, p, rectangle.y_stride);
  };
  // 6 integer and 6 float sums of 16 registers.
  Tiles256::walk<3>(rectangle, panel_bytes_of<8>(rectangle.k), group_bytes<8> / group_size, block, tile);
}

/// Activations in one plane of bytes, or two.
template <int planes>
void multiply_int4(const Rectangle& rectangle) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i ones = _mm256_set1_epi16(1);
  const auto tile = [&]<int Rows>(const Place& p) {
    const Size stride = rectangle.x_row_bytes;
    const Size plane_bytes = static_cast<Size>(rectangle.k);
    const std::byte* row = rectangle.x_rows + static_cast<Size>(p.row) * stride;
    const std::byte* x_scales = row + scales_at(rectangle.k) + groups_of(p.from) * sizeof(float);
    const std::byte* corrections = row + corrections_at<planes>(rectangle.k) + groups_of(p.from) * sizeof(std::int32_t);
    const std::byte* x = row + bytes_at(rectangle.k) + p.from;
    const std::byte* weight = p.weight;
    __m256 sums[Rows][2];
    load_sums<Rows>(sums, p, rectangle.y_stride);
    for (int g = 0; g < p.length / group_size; ++g) {
      __m256i pairs[planes][Rows][2];
#pragma GCC unroll 8
      for (Size quad = 0; quad < 8; ++quad) {
        __m256i w[2];
#pragma GCC unroll 2
        for (Size c = 0; c < 2; ++c) {
          const __m256i both = Avx2::load_bytes(weight + quad / 2 * quad_bytes + 32 * c);
          w[c] = _mm256_and_si256(quad % 2 == 0 ? both : _mm256_srli_epi16(both, 4), nibble);
        }
#pragma GCC unroll 2
        for (Size plane = 0; plane < planes; ++plane) {
#pragma GCC unroll 4
          for (Size r = 0; r < Rows; ++r) {
            const __m256i four = Avx2::broadcast_int(x + r * stride + plane * plane_bytes + 4 * quad);
#pragma GCC unroll 2
            for (Size c = 0; c < 2; ++c) {
              const __m256i two = _mm256_maddubs_epi16(w[c], four);
              pairs[plane][r][c] = quad == 0 ? two : _mm256_add_epi16(pairs[plane][r][c], two);
            }
          }
        }
      }
      __m256i exact[Rows][2];
#pragma GCC unroll 4
      for (Size r = 0; r < Rows; ++r) {
        const __m256i correction = Avx2::broadcast_int(corrections + r * stride);
#pragma GCC unroll 2
        for (Size c = 0; c < 2; ++c) {
          __m256i sum = _mm256_madd_epi16(pairs[0][r][c], ones);
          if constexpr (planes == 2) {
            sum = _mm256_add_epi32(_mm256_slli_epi32(sum, 8), _mm256_madd_epi16(pairs[1][r][c], ones));
          }
          exact[r][c] = _mm256_add_epi32(sum, correction);
        }
      }
      add_scaled<Rows>(sums, exact, weight + group_codes<4>, x_scales, stride);
      weight += group_bytes<4>;
      x += group_size;
      x_scales += sizeof(float);
      corrections += sizeof(std::int32_t);
    }
    store_sums<Rows>(sums, p, rectangle.y_stride);
  };
  // Four rows of one plane would spill the float sums to memory.
  constexpr int rows = planes == 1 ? 3 : 2;
  Tiles256::walk<rows>(rectangle, panel_bytes_of<4>(rectangle.k), group_bytes<4> / group_size, block, tile);
}

/// Sums are kept in y, as bits, from slice to slice of k.
void multiply_by_row(const Rectangle& rectangle) {
  const auto tile = [&]<int Rows>(const Place& p) {
    const Size stride = rectangle.x_row_bytes;
    const std::byte* x = rectangle.x_rows + static_cast<Size>(p.row) * stride;
    __m256 sums[Rows][2];
    __m256i exact[Rows][2];
    load_sums<Rows>(sums, p, rectangle.y_stride);
#pragma GCC unroll 4
    for (Size r = 0; r < Rows; ++r) {
      exact[r][0] = Avx2::bits(sums[r][0]);
      exact[r][1] = Avx2::bits(sums[r][1]);
    }
    add_pairs<Rows>(exact, p.weight, x + 2 * static_cast<Size>(p.from), stride, p.length / 2);
    if (p.from + p.length == rectangle.k) {
#pragma GCC unroll 4
      for (Size r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
      const std::byte* scales = p.panel + static_cast<Size>(rectangle.k) * panel_rows;
      add_scaled<Rows>(sums, exact, scales, x + scales_at(rectangle.k), stride);
    } else {
#pragma GCC unroll 4
      for (Size r = 0; r < Rows; ++r) {
        sums[r][0] = Avx2::from_bits(exact[r][0]);
        sums[r][1] = Avx2::from_bits(exact[r][1]);
      }
    }
    store_sums<Rows>(sums, p, rectangle.y_stride);
  };
  Tiles256::walk<4>(rectangle, panel_bytes_by_row(rectangle.k), panel_rows, block, tile);
}

}  // namespace

constinit const LinearKernel linear_avx2 = {
    .panel = panel_rows,
    .row_tile = Avx2::tile_rows_f32,
    .panel_bytes_f32 = Tiles256::panel_bytes_f32,
    .pack_f32 = Tiles256::pack_f32,
    .unpack_f32 = Tiles256::unpack_f32,
    .multiply_f32 = Tiles256::multiply_f32,
    .int8_g32 = {panel_bytes_of<8>, pack_groups<8>, unpack_groups<8>},
    .int4_g32 = {panel_bytes_of<4>, pack_groups<4>, unpack_groups<4>},
    .int8_row = {panel_bytes_by_row, pack_by_row, unpack_by_row},
    .rows_int8_g32 = {row_bytes<1>, quantize_groups<1>},
    .rows_int16_g32 = {row_bytes<2>, quantize_groups<2>},
    .rows_int8_row = {row_bytes_by_row, quantize_by_row},
    .multiply_int8 = multiply_int8,
    .multiply_int8_by_16 = multiply_int8,
    .multiply_int4 = multiply_int4<1>,
    .multiply_int4_by_16 = multiply_int4<2>,
    .multiply_int8_row = multiply_by_row,
    .score_cached = CachedRowsOf<Avx2>::score,
    .weigh_cached = CachedRowsOf<Avx2>::weigh,
};

}  // namespace mobiedit::kernels
