// Scratch memory for kernels: aligned to cache lines, not cleared, reused from call to call.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace mobiedit::kernels {

class AlignedBuffer {
 public:
  static constexpr std::size_t alignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes) { reserve(bytes); }

  /// Provides at least `bytes` at data(). Growing loses the old content. Throws std::bad_alloc.
  void reserve(std::size_t bytes) {
    if (bytes <= size_) return;
    data_.reset();
    size_ = 0;
    data_.reset(static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment})));
    size_ = bytes;
  }

  [[nodiscard]] std::byte* data() { return data_.get(); }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{alignment}); }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace mobiedit::kernels
