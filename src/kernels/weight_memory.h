// Memory of a model's weights: many matrices share large pieces, which the system may back with huge pages.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/aligned_buffer.h"

namespace mobiedit::kernels {

/// Hands out memory one piece after another. Single matrices are mostly smaller than a huge page.
/// Use it from one thread at a time.
class WeightMemory {
 public:
  WeightMemory() = default;
  ~WeightMemory();
  WeightMemory(const WeightMemory&) = delete;
  WeightMemory& operator=(const WeightMemory&) = delete;

  /// `bytes` at a multiple of 64, not cleared. A shared piece is freed with the last pointer into it, and may outlive
  /// this object. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<std::byte> take(std::size_t bytes);

 private:
  void close();

  std::shared_ptr<std::byte> piece_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace mobiedit::kernels
