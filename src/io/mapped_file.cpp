#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace mobiedit::io {
namespace {

struct Descriptor {
  const FileSystem& system;
  int number;
  ~Descriptor() { system.close(number); }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path, const FileSystem& system) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const int number = uninterrupted([&] { return system.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0); });
  if (number < 0) return fail(ErrorCode::io, "cannot be opened: " + describe(number), path.string());
  const Descriptor file{system, number};

  struct ::stat status{};
  if (const int error = system.status(file.number, status); error < 0) {
    return fail(ErrorCode::io, "cannot be examined: " + describe(error), path.string());
  }
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::io, "is a folder, not a file", path.string());
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::io, "is not a regular file", path.string());
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > std::numeric_limits<std::size_t>::max() / 2) {
    return fail(ErrorCode::io, "is too large to map into memory on this machine", path.string());
  }
  if (size == 0) return MappedFile(system, path, status, {});  // the system refuses to map zero bytes

  void* address = nullptr;
  if (const int error = system.map(file.number, static_cast<std::size_t>(size), address); error < 0) {
    return fail(ErrorCode::io, "cannot be mapped into memory: " + describe(error), path.string());
  }
  return MappedFile(system, path, status, {static_cast<const std::byte*>(address), static_cast<std::size_t>(size)});
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : system_(other.system_),
      path_(std::move(other.path_)),
      opened_(other.opened_),
      bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(system_, other.system_);
  std::swap(path_, other.path_);
  std::swap(opened_, other.opened_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  // The mapping is never written; the system call takes a pointer to mutable memory all the same.
  if (!bytes_.empty()) system_->unmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Status MappedFile::unchanged() const {
  struct ::stat now{};
  if (const int error = system_->status(path_, now); error < 0) {
    return fail(ErrorCode::io, "can no longer be examined: " + describe(error), path_.string());
  }
  if (now.st_dev == opened_.st_dev && now.st_ino == opened_.st_ino && now.st_size == opened_.st_size &&
      now.st_mtim.tv_sec == opened_.st_mtim.tv_sec && now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec) {
    return {};
  }
  return fail(ErrorCode::io, "was changed or replaced while it was in use", path_.string(),
              "do it again, with the file as it is now");
}

void MappedFile::release(std::size_t offset, std::size_t size) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) return;
  const long page = ::sysconf(_SC_PAGESIZE);
  if (page <= 0) return;
  const std::size_t begin = offset - offset % static_cast<std::size_t>(page);
  // The system may ignore this advice; no result depends on it.
  ::madvise(const_cast<std::byte*>(bytes_.data()) + begin, offset + size - begin, MADV_DONTNEED);
}

}  // namespace mobiedit::io
