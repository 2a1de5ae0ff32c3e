// Memory layout of weights and activations for products with 256-bit vectors, 16 weight rows per panel. Private to the
// file that includes it.
//
//   panel in groups: for each group of 32, codes [16 pairs along k][16 rows][2], then 16 scales; of 4 bits, codes
//     [4 pairs of quads][16 rows][4], the first quad in the low half of each byte
//   panel by rows: codes [k/2 pairs][16 rows][2], then 16 scales
//   row of activations in groups: codes [k] as int16, scales [k/32], the codes' bytes in a plane or two, then -8 * sum
//     of codes [k/32] as int32; by rows: codes [k] as int16, scale
#pragma once

#include "kernels/quantize_avx2.h"

namespace mobiedit::kernels {
namespace {

using Size = std::size_t;

constexpr int panel_rows = 16;
constexpr Size pair_bytes = Size{2} * panel_rows;
constexpr Size quad_bytes = Size{4} * panel_rows;

template <int bits>
constexpr Size group_codes = Size{panel_rows} * group_size * bits / 8;
template <int bits>
constexpr Size group_bytes = group_codes<bits> + panel_rows * sizeof(float);

Size round_up(Size bytes) {
  return (bytes + 63) / 64 * 64;
}

Size groups_of(int k) {
  return static_cast<Size>(k / group_size);
}

// ---- weights ----

template <int bits>
Size panel_bytes_of(int k) {
  return groups_of(k) * group_bytes<bits>;
}
Size panel_bytes_by_row(int k) {
  return static_cast<Size>(k) * panel_rows + panel_rows * sizeof(float);
}

/// `count` codes of each row; rows of `codes` lie k apart.
void pack_pairs(const std::int8_t* codes, Size k, Size count, std::byte* panel) {
  auto* out = reinterpret_cast<std::int8_t*>(panel);
  for (Size row = 0; row < panel_rows; ++row) {
    const std::int8_t* in = codes + row * k;
    for (Size i = 0; i < count; ++i) out[(i / 2 * panel_rows + row) * 2 + i % 2] = in[i];
  }
}

void unpack_pairs(const std::byte* panel, Size count, Size row, float scale, float* values) {
  const auto* codes = reinterpret_cast<const std::int8_t*>(panel);
  for (Size i = 0; i < count; ++i) {
    values[i] = static_cast<float>(codes[(i / 2 * panel_rows + row) * 2 + i % 2]) * scale;
  }
}

constexpr Size nibble_at(Size row, Size i) {
  return (i / 8 * panel_rows + row) * 4 + i % 4;
}

void pack_nibbles(const std::int8_t* codes, Size k, std::byte* group) {
  auto* out = reinterpret_cast<std::uint8_t*>(group);
  for (Size row = 0; row < panel_rows; ++row) {
    for (Size i = 0; i < group_size; ++i) {
      const int code = codes[row * k + i] + 8;
      std::uint8_t& at = out[nibble_at(row, i)];
      at = static_cast<std::uint8_t>(i / 4 % 2 == 0 ? code : at | code << 4);
    }
  }
}

void unpack_nibbles(const std::byte* group, Size row, float scale, float* values) {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(group);
  for (Size i = 0; i < group_size; ++i) {
    const int byte = codes[nibble_at(row, i)];
    values[i] = static_cast<float>((i / 4 % 2 == 0 ? byte & 15 : byte >> 4) - 8) * scale;
  }
}

template <int bits>
void pack_groups(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
  for (Size g = 0; g < groups_of(k); ++g, panel += group_bytes<bits>) {
    const std::int8_t* in = codes + g * group_size;
    if (bits == 8) {
      pack_pairs(in, static_cast<Size>(k), group_size, panel);
    } else {
      pack_nibbles(in, static_cast<Size>(k), panel);
    }
    float* out_scales = reinterpret_cast<float*>(panel + group_codes<bits>);
    for (Size row = 0; row < panel_rows; ++row) out_scales[row] = scales[row * groups_of(k) + g];
  }
}

template <int bits>
void unpack_groups(const std::byte* panel, int k, int row, float* values) {
  for (Size g = 0; g < groups_of(k); ++g, panel += group_bytes<bits>, values += group_size) {
    const float scale = reinterpret_cast<const float*>(panel + group_codes<bits>)[row];
    if (bits == 8) {
      unpack_pairs(panel, group_size, static_cast<Size>(row), scale, values);
    } else {
      unpack_nibbles(panel, static_cast<Size>(row), scale, values);
    }
  }
}

void pack_by_row(const std::int8_t* codes, const float* scales, int k, std::byte* panel) {
  pack_pairs(codes, static_cast<Size>(k), static_cast<Size>(k), panel);
  __builtin_memcpy(panel + static_cast<Size>(k) * panel_rows, scales, panel_rows * sizeof(float));
}

void unpack_by_row(const std::byte* panel, int k, int row, float* values) {
  const float scale = reinterpret_cast<const float*>(panel + static_cast<Size>(k) * panel_rows)[row];
  unpack_pairs(panel, static_cast<Size>(k), static_cast<Size>(row), scale, values);
}

// ---- activations ----

Size scales_at(int k) {
  return 2 * static_cast<Size>(k);
}
Size bytes_at(int k) {
  return scales_at(k) + groups_of(k) * sizeof(float);
}
template <int planes>
Size corrections_at(int k) {
  return bytes_at(k) + static_cast<Size>(k) * planes;
}
template <int planes>
Size row_bytes(int k) {
  return round_up(corrections_at<planes>(k) + groups_of(k) * sizeof(std::int32_t));
}
Size row_bytes_by_row(int k) {
  return round_up(scales_at(k) + sizeof(float));
}

void store_words(const Codes16& codes, std::byte* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), codes.half[0]);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out) + 1, codes.half[1]);
}

template <int planes>
void quantize_groups(const float* x, int k, std::byte* row) {
  constexpr float greatest = greatest_code(planes);
  float* scales = reinterpret_cast<float*>(row + scales_at(k));
  auto* corrections = reinterpret_cast<std::int32_t*>(row + corrections_at<planes>(k));
  for (Size g = 0; g < groups_of(k); ++g) {
    const float absmax = absmax_avx2(x + g * group_size, group_size);
    const Codes16 codes(x + g * group_size, _mm256_set1_ps(inverse_of(absmax, greatest)));
    store_words(codes, row + g * group_size * 2);
    store_planes<planes>(codes, row + bytes_at(k) + g * group_size, static_cast<Size>(k));
    scales[g] = absmax / greatest;
    corrections[g] = -8 * codes.sum();
  }
}

void quantize_by_row(const float* x, int k, std::byte* row) {
  const float absmax = absmax_avx2(x, k);
  const __m256 inverse = _mm256_set1_ps(inverse_of(absmax, greatest_code(1)));
  for (int i = 0; i < k; i += group_size) store_words(Codes16(x + i, inverse), row + 2 * static_cast<Size>(i));
  *reinterpret_cast<float*>(row + scales_at(k)) = absmax / greatest_code(1);
}

}  // namespace
}  // namespace mobiedit::kernels
