// Keys and values of attention, kept for tokens that later ones look back at.
#pragma once

#include <cstddef>

#include "kernels/aligned_buffer.h"

namespace mobiedit {

/// Rows of `width` floats for each position and each layer in [first_layer, end_layer). Plain storage: whoever appends
/// counts the positions.
class KvCache {
 public:
  KvCache() = default;
  KvCache(int first_layer, int end_layer, int width, int capacity)
      : first_(first_layer),
        width_(static_cast<std::size_t>(width)),
        capacity_(static_cast<std::size_t>(capacity)),
        floats_(static_cast<std::size_t>(end_layer - first_layer) * capacity_ * width_),
        keys_(floats_ * sizeof(float)),
        values_(floats_ * sizeof(float)) {}

  [[nodiscard]] bool holds(int layer) const {
    return layer >= first_ && static_cast<std::size_t>(layer - first_) * capacity_ * width_ < floats_;
  }
  [[nodiscard]] int capacity() const { return static_cast<int>(capacity_); }
  [[nodiscard]] float* key(int layer, int position) { return of(keys_) + at(layer, position); }
  [[nodiscard]] float* value(int layer, int position) { return of(values_) + at(layer, position); }
  [[nodiscard]] const float* key(int layer, int position) const { return of(keys_) + at(layer, position); }
  [[nodiscard]] const float* value(int layer, int position) const { return of(values_) + at(layer, position); }

 private:
  [[nodiscard]] static float* of(kernels::AlignedBuffer& all) { return reinterpret_cast<float*>(all.data()); }
  [[nodiscard]] static const float* of(const kernels::AlignedBuffer& all) {
    return reinterpret_cast<const float*>(all.data());
  }
  [[nodiscard]] std::size_t at(int layer, int position) const {
    return (static_cast<std::size_t>(layer - first_) * capacity_ + static_cast<std::size_t>(position)) * width_;
  }

  int first_ = 0;
  std::size_t width_ = 0;
  std::size_t capacity_ = 0;
  std::size_t floats_ = 0;
  kernels::AlignedBuffer keys_, values_;
};

}  // namespace mobiedit
