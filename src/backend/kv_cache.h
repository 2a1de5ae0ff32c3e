// Keys and values of attention, kept for tokens that later ones look back at.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

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
        keys_(static_cast<std::size_t>(end_layer - first_layer) * capacity_ * width_),
        values_(keys_.size()) {}

  [[nodiscard]] bool holds(int layer) const {
    return layer >= first_ && static_cast<std::size_t>(layer - first_) * capacity_ * width_ < keys_.size();
  }
  [[nodiscard]] int capacity() const { return static_cast<int>(capacity_); }
  [[nodiscard]] float* key(int layer, int position) { return keys_.data() + at(layer, position); }
  [[nodiscard]] float* value(int layer, int position) { return values_.data() + at(layer, position); }
  [[nodiscard]] const float* key(int layer, int position) const { return keys_.data() + at(layer, position); }
  [[nodiscard]] const float* value(int layer, int position) const { return values_.data() + at(layer, position); }

 private:
  [[nodiscard]] std::size_t at(int layer, int position) const {
    return (static_cast<std::size_t>(layer - first_) * capacity_ + static_cast<std::size_t>(position)) * width_;
  }

  int first_ = 0;
  std::size_t width_ = 0;
  std::size_t capacity_ = 0;
  std::vector<float> keys_, values_;
};

}  // namespace mobiedit
