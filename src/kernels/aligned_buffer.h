// Memory for kernels: aligned to cache lines, not cleared, reused from call to call.
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
    data_ = allocate(bytes);
    size_ = bytes;
  }

  [[nodiscard]] std::byte* data() { return data_.get(); }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

  struct Free {
    std::align_val_t align;
    void operator()(std::byte* p) const { ::operator delete(p, align); }
  };
  using Memory = std::unique_ptr<std::byte, Free>;
  /// From 2 MiB on the system may back it with huge pages: fewer address translations, and the processor's prefetching
  /// crosses no page border. Throws std::bad_alloc.
  [[nodiscard]] static Memory allocate(std::size_t bytes);

 private:
  Memory data_{nullptr, Free{std::align_val_t{alignment}}};
  std::size_t size_ = 0;
};

}  // namespace mobiedit::kernels
