#include "kernels/weight_memory.h"

#include <algorithm>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mobiedit::kernels {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t piece_size = 16 * huge_page;
constexpr std::size_t alignment = 64;
constexpr std::size_t largest_page = std::size_t{64} << 10;  // of the ordinary pages on any processor

std::size_t up_to_multiple(std::size_t bytes, std::size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

}  // namespace

WeightMemory::~WeightMemory() {
  close();
}

std::shared_ptr<std::byte> WeightMemory::alone(std::size_t bytes) {
  const auto align = std::align_val_t{bytes < huge_page ? alignment : huge_page};
  const std::shared_ptr<std::byte> memory(static_cast<std::byte*>(::operator new(bytes, align)),
                                          [align](std::byte* p) { ::operator delete(p, align); });
#if defined(MADV_HUGEPAGE)
  // Where the system refuses, ordinary pages do.
  if (bytes >= huge_page) (void)::madvise(memory.get(), bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

// The rest of a huge page that nobody uses goes back to the system.
void WeightMemory::close() {
#if defined(MADV_DONTNEED)
  const std::size_t rest = std::min(size_, up_to_multiple(used_, largest_page));
  if (piece_ && rest < size_) (void)::madvise(piece_.get() + rest, size_ - rest, MADV_DONTNEED);
#endif
  piece_.reset();
  size_ = used_ = 0;
}

std::shared_ptr<std::byte> WeightMemory::take(std::size_t bytes) {
  if (bytes > piece_size) return alone(bytes);
  if (bytes > size_ - used_) {
    close();
    piece_ = alone(piece_size);
    size_ = piece_size;
  }
  std::byte* const at = piece_.get() + used_;
  used_ += up_to_multiple(bytes, alignment);
  return {piece_, at};
}

}  // namespace mobiedit::kernels
