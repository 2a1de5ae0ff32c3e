#include "kernels/float_product.h"

#include <algorithm>
#include <cassert>
#include <new>

#include "base/thread_pool.h"
#include "kernels/linear.h"

namespace mobiedit::kernels {

void float_product(std::span<const float> x, std::span<const float> w, int k, std::span<float> y) {
  const auto length = static_cast<std::size_t>(k);
  const std::size_t m = x.size() / length, n = w.size() / length;
  assert(x.size() == m * length && w.size() == n * length && y.size() == m * n);
  if (y.empty()) return;
  const Isa isa = best_isa();
  ThreadPool pool(1);
  const auto row = [&](int i, std::span<float> out) {
    std::ranges::copy(w.subspan(static_cast<std::size_t>(i) * length, length), out.begin());
  };
  const auto packed = PackedWeight::from_floats(isa, WeightKind::f32, static_cast<int>(n), k, row, pool);
  if (!packed) throw std::bad_alloc();
  Activations activations;
  activations.set(isa, x.data(), static_cast<int>(m), k, length, ActivationKind::f32, false, pool);
  linear(*packed, activations, nullptr, y.data(), n, pool);
}

}  // namespace mobiedit::kernels
