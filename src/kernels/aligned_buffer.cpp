#include "kernels/aligned_buffer.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mobiedit::kernels {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

AlignedBuffer::Memory AlignedBuffer::allocate(std::size_t bytes) {
  const std::align_val_t align{bytes < huge_page ? alignment : huge_page};
  Memory memory(static_cast<std::byte*>(::operator new(bytes, align)), Free{align});
#if defined(MADV_HUGEPAGE)
  // Where the system refuses, ordinary pages do.
  if (bytes >= huge_page) (void)::madvise(memory.get(), bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

}  // namespace mobiedit::kernels
