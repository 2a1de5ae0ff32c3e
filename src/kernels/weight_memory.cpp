#include "kernels/weight_memory.h"

#include <algorithm>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mobiedit::kernels {
namespace {

constexpr std::size_t piece_size = std::size_t{32} << 20;    // a multiple of any huge page's size
constexpr std::size_t largest_page = std::size_t{64} << 10;  // of the ordinary pages on any processor

std::size_t up_to_multiple(std::size_t bytes, std::size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

}  // namespace

WeightMemory::~WeightMemory() {
  close();
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
  if (bytes > piece_size) return AlignedBuffer::allocate(bytes);
  if (bytes > size_ - used_) {
    close();
    piece_ = AlignedBuffer::allocate(piece_size);
    size_ = piece_size;
  }
  std::byte* const at = piece_.get() + used_;
  used_ += up_to_multiple(bytes, AlignedBuffer::alignment);
  return {piece_, at};
}

}  // namespace mobiedit::kernels
