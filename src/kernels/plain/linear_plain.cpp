// Matrix product as defined, one element at a time: the oracle of every other kernel, and the fallback where there is
// none. A panel is one row: floats; or codes [k] (two to a byte for 4 bits, + 8, the earlier k in the low
// half) and then scales [k/32], or one. A row of activations is the same: codes [k] of 8 or 16 bits, then scales.
#include <cmath>
#include <cstring>

#include "kernels/linear.h"
#include "kernels/linear_kernel.h"
#include "kernels/plain/quantize.h"

namespace mobiedit::kernels {
namespace {

using Size = std::size_t;

Size bytes_f32(int k) {
  return static_cast<Size>(k) * sizeof(float);
}

void pack_f32(const float* rows, int k, std::byte* panel) {
  std::memcpy(panel, rows, bytes_f32(k));
}

void unpack_f32(const std::byte* panel, int k, int, float* values) {
  std::memcpy(values, panel, bytes_f32(k));
}

void multiply_f32(const Rectangle& r) {
  for (int n = 0; n < r.columns; ++n) {
    const float* w = reinterpret_cast<const float*>(r.weight + static_cast<Size>(n) * bytes_f32(r.k));
    for (int m = 0; m < r.m; ++m) {
      const float* x = r.x + static_cast<Size>(m) * r.x_stride;
      float sum = 0;
      for (int i = 0; i < r.k; ++i) sum += x[i] * w[i];
      r.y[static_cast<Size>(m) * r.y_stride + static_cast<Size>(n)] = r.bias != nullptr ? sum + r.bias[n] : sum;
    }
  }
}

struct Bytes {
  static Size size(int k) { return static_cast<Size>(k); }
  static void put(const std::int8_t* codes, int k, std::byte* out) { std::memcpy(out, codes, size(k)); }
  static int get(const std::byte* in, int i) { return reinterpret_cast<const std::int8_t*>(in)[i]; }
};

struct Words {
  static Size size(int k) { return 2 * static_cast<Size>(k); }
  static int get(const std::byte* in, int i) { return reinterpret_cast<const std::int16_t*>(in)[i]; }
};

struct Nibbles {
  static Size size(int k) { return static_cast<Size>(k) / 2; }
  static void put(const std::int8_t* codes, int k, std::byte* out) {
    for (int i = 0; i < k; i += 2) out[i / 2] = static_cast<std::byte>((codes[i] + 8) | (codes[i + 1] + 8) << 4);
  }
  static int get(const std::byte* in, int i) { return ((std::to_integer<int>(in[i / 2]) >> (i % 2 * 4)) & 15) - 8; }
};

/// `group` values share a scale; 0: one scale for all k.
template <class Codes, int group>
struct Form {
  static int scales(int k) { return group == 0 ? 1 : k / group; }
  static int scale_of(int i) { return group == 0 ? 0 : i / group; }
  static Size bytes(int k) { return Codes::size(k) + static_cast<Size>(scales(k)) * sizeof(float); }
  static const float* scales_of(const std::byte* row, int k) {
    return reinterpret_cast<const float*>(row + Codes::size(k));
  }

  static void pack(const std::int8_t* codes, const float* scale, int k, std::byte* panel) {
    Codes::put(codes, k, panel);
    std::memcpy(panel + Codes::size(k), scale, static_cast<Size>(scales(k)) * sizeof(float));
  }
  static void unpack(const std::byte* panel, int k, int, float* values) {
    const float* scale = scales_of(panel, k);
    for (int i = 0; i < k; ++i) values[i] = static_cast<float>(Codes::get(panel, i)) * scale[scale_of(i)];
  }
  template <class Code>
  static void quantize_row(const float* x, int k, std::byte* row) {
    auto* codes = reinterpret_cast<Code*>(row);
    float* scale = reinterpret_cast<float*>(row + Codes::size(k));
    const int length = group == 0 ? k : group;
    for (int i = 0; i < k; i += length) scale[i / length] = quantize(x + i, length, codes + i);
  }
};

template <class Weight, class Row, class WeightForm, class RowForm>
void multiply(const Rectangle& r) {
  for (int n = 0; n < r.columns; ++n) {
    const std::byte* w = r.weight + static_cast<Size>(n) * WeightForm::bytes(r.k);
    const float* w_scales = WeightForm::scales_of(w, r.k);
    for (int m = 0; m < r.m; ++m) {
      const std::byte* x = r.x_rows + static_cast<Size>(m) * r.x_row_bytes;
      const float* x_scales = RowForm::scales_of(x, r.k);
      const int scales = WeightForm::scales(r.k);
      const int length = r.k / scales;
      float& out = r.y[static_cast<Size>(m) * r.y_stride + static_cast<Size>(n)];
      float y = r.accumulate ? out : 0;
      for (int g = 0; g < scales; ++g) {
        std::int32_t sum = 0;
        for (int i = g * length; i < (g + 1) * length; ++i) sum += Weight::get(w, i) * Row::get(x, i);
        y = std::fma(static_cast<float>(sum), w_scales[g] * x_scales[g], y);
      }
      out = r.bias != nullptr ? y + r.bias[n] : y;
    }
  }
}

using Int8Groups = Form<Bytes, group_size>;
using Int4Groups = Form<Nibbles, group_size>;
using Int16Groups = Form<Words, group_size>;
using Int8Row = Form<Bytes, 0>;

}  // namespace

constinit const LinearKernel linear_plain = {
    .panel = 1,
    .row_tile = 1,
    .panel_bytes_f32 = bytes_f32,
    .pack_f32 = pack_f32,
    .unpack_f32 = unpack_f32,
    .multiply_f32 = multiply_f32,
    .int8_g32 = {Int8Groups::bytes, Int8Groups::pack, Int8Groups::unpack},
    .int4_g32 = {Int4Groups::bytes, Int4Groups::pack, Int4Groups::unpack},
    .int8_row = {Int8Row::bytes, Int8Row::pack, Int8Row::unpack},
    .rows_int8_g32 = {Int8Groups::bytes, Int8Groups::quantize_row<std::int8_t>},
    .rows_int16_g32 = {Int16Groups::bytes, Int16Groups::quantize_row<std::int16_t>},
    .rows_int8_row = {Int8Row::bytes, Int8Row::quantize_row<std::int8_t>},
    .multiply_int8 = multiply<Bytes, Bytes, Int8Groups, Int8Groups>,
    .multiply_int8_by_16 = multiply<Bytes, Words, Int8Groups, Int16Groups>,
    .multiply_int4 = multiply<Nibbles, Bytes, Int4Groups, Int8Groups>,
    .multiply_int4_by_16 = multiply<Nibbles, Words, Int4Groups, Int16Groups>,
    .multiply_int8_row = multiply<Bytes, Bytes, Int8Row, Int8Row>,
};

}  // namespace mobiedit::kernels
