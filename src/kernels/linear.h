// Linear layer y = x Wᵀ (+ bias): the product that takes nearly all of the time.
//
// A weight is packed once, in the layout that its instruction set reads fastest. Activations are quantised once for all
// weights that read them (Q, K and V; gate and up).
//
// Every instruction set computes:
//   groups of 32    weight and activation codes are multiplied and summed exactly within a group along k; then, group
//                   by group in order, y = fma(sum, weight scale * activation scale, y), and the bias last; a weight
//                   whose groups have offsets starts from y = the float product of these with the sums of the
//                   activations' groups, which are not rounded; a weight with a rest adds the product of that, group by
//                   group in order, to 16-bit activations alone
//   a scale per row codes are multiplied and summed exactly along all of k; y = sum * (weight scale * activation
//                   scale), and the bias last
// A sum is rounded to a float once, to nearest even. An integer product therefore has the same bits on every
// instruction set, and codes give the same bits as 4-bit weights and as bytes (offsets aside). A float product is
// summed in order of k on all of them, with fused multiply-add where the processor has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "kernels/aligned_buffer.h"
#include "kernels/isa.h"
#include "kernels/weight_memory.h"
#include "mobiedit/base/result.h"

namespace mobiedit::kernels {

inline constexpr int group_size = 32;

/// The greatest code of 16-bit activations: 127 * 257, so that both bytes of a code lie in -127 … 127.
inline constexpr int int16_levels = 32639;

enum class WeightKind {
  f32,       ///< float weights, float activations
  int8_g32,  ///< int8 codes and a float scale per group of 32 along k; activations in groups too, of 8 or 16 bits
  int4_g32,  ///< as int8_g32, with codes in -8 … 7, two to a byte
  int8_row   ///< int8 codes and a float scale per row, of weights and of activations
};

enum class ActivationKind {
  f32,
  int8_g32,
  int16_g32,  ///< for weights in groups of 32 where 8 bits are too coarse; the product takes up to twice as long
  int8_row
};

/// Activations that a product with such weights reads by default.
[[nodiscard]] constexpr ActivationKind activations_for(WeightKind kind) {
  switch (kind) {
    case WeightKind::int8_g32:
    case WeightKind::int4_g32:
      return ActivationKind::int8_g32;
    case WeightKind::int8_row:
      return ActivationKind::int8_row;
    default:
      return ActivationKind::f32;
  }
}

/// A packed weight [n, k]. Immutable; threads may share it.
class PackedWeight {
 public:
  /// Writes row i of the matrix, k values. Called once per row, from several threads at a time.
  using FloatRows = std::function<void(int row, std::span<float> values)>;
  /// A row in groups: codes [k], -128 … 127 or for int4_g32 -8 … 7; scales [k/32]; offsets [k/32], or empty. value =
  /// code * scale + offset.
  struct Groups {
    std::span<std::int8_t> codes;
    std::span<float> scales;
    std::span<float> offsets;
  };
  /// Fills row i. Called once per row, from several threads at a time.
  using GroupRows = std::function<void(int row, const Groups& groups)>;

  /// Rest of floats that are rounded to int8_g32: codes of its own, which products with 16-bit activations add. A
  /// weight that keeps it is as exact as these activations.
  enum class Rest { dropped, kept };

  /// k must be a multiple of 32 for integers. `memory`: where the weight lies; null: by itself. Errors: out_of_memory,
  /// usage (int4_g32 too: floats are not rounded to 4 bits here).
  static Result<PackedWeight> from_floats(Isa isa, WeightKind kind, int n, int k, const FloatRows& rows,
                                          ThreadPool& pool, WeightMemory* memory = nullptr, Rest rest = Rest::dropped);
  /// `kind`: int8_g32 or int4_g32. Errors: as above.
  static Result<PackedWeight> from_groups(Isa isa, WeightKind kind, int n, int k, bool offsets, const GroupRows& rows,
                                          ThreadPool& pool, WeightMemory* memory = nullptr);
  [[nodiscard]] static std::size_t packed_bytes(Isa isa, WeightKind kind, int n, int k, bool offsets = false,
                                                Rest rest = Rest::dropped);

  PackedWeight() = default;
  [[nodiscard]] int n() const { return n_; }
  [[nodiscard]] int k() const { return k_; }
  [[nodiscard]] WeightKind kind() const { return kind_; }
  [[nodiscard]] Isa isa() const { return isa_; }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }
  /// A float weight [n, k/32], packed; null: no offsets.
  [[nodiscard]] const std::byte* offsets() const { return offsets_.get(); }
  /// An int8_g32 weight [n, k], packed; null: no rest.
  [[nodiscard]] const std::byte* rest() const { return rest_.get(); }
  /// Row i as floats, for oracles and for the few rows that need exact values.
  void row(int i, std::span<float> values) const;

 private:
  static Result<PackedWeight> allocate(Isa isa, WeightKind kind, int n, int k, bool offsets, Rest rest,
                                       WeightMemory* memory);

  int n_ = 0;
  int k_ = 0;
  WeightKind kind_ = WeightKind::f32;
  Isa isa_ = Isa::portable;
  std::shared_ptr<std::byte> data_;
  std::shared_ptr<std::byte> offsets_;
  std::shared_ptr<std::byte> rest_;
};

/// Rows of activations [m, k] in the form that a product reads: borrowed floats, and for integer weights codes and
/// scales. Reuse the object: it allocates nothing after the largest call.
class Activations {
 public:
  /// `x` [m, k], rows `stride` floats apart, is borrowed until the next call. Codes are made as `kind` says (x *
  /// (greatest code / absmax), of a group of 32 or of a row, round to nearest even); k must then be a multiple of 32. A
  /// value that is not finite makes every product with its group or row not finite. `sums`: adds the sums that weights
  /// with offsets need. `fill`, if given, is called for each row before it is read, from several threads at a time, and
  /// may write x. Throws std::bad_alloc.
  void set(Isa isa, const float* x, int m, int k, std::size_t stride, ActivationKind kind, bool sums, ThreadPool& pool,
           const std::function<void(int row)>& fill = {});

  Isa isa = Isa::portable;
  const float* x = nullptr;
  int m = 0;
  int k = 0;
  std::size_t stride = 0;
  ActivationKind kind = ActivationKind::f32;
  AlignedBuffer quantized_rows;  ///< rows in the instruction set's own layout
  std::size_t row_bytes = 0;     ///< bytes of one row of quantized_rows
  AlignedBuffer group_sums;      ///< floats [m, k/32], if `sums` was set
  bool has_sums = false;
};

/// y [m, n], rows `stride` floats apart, = x Wᵀ + bias (bias [n] or null).
struct Product {
  const PackedWeight* weight;
  const float* bias;
  float* y;
  std::size_t stride;
};
inline constexpr std::size_t most_products = 4;

/// Computes up to `most_products` products of the same rows in one call: a barrier costs as much as a small product.
/// Deterministic: the same numbers whatever the number of threads and whatever other rows are in the batch. x was set
/// for the weights' instruction set and k, in a kind that each reads, with sums if one has offsets. No y may overlap x
/// or another.
void linear(std::span<const Product> products, const Activations& x, ThreadPool& pool);
void linear(const PackedWeight& weight, const Activations& x, const float* bias, float* y, std::size_t stride,
            ThreadPool& pool);

}  // namespace mobiedit::kernels
