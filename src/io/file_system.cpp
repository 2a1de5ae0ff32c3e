#include "io/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>

namespace mobiedit::io {
namespace {

template <class T>
T or_errno(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

}  // namespace

const FileSystem& FileSystem::real() {
  static const FileSystem system;
  return system;
}

int FileSystem::open(const std::filesystem::path& path, int flags, mode_t mode) const {
  return or_errno(::open(path.c_str(), flags, mode));
}

int FileSystem::close(int file) const {
  return or_errno(::close(file));
}

ssize_t FileSystem::write(int file, const void* data, std::size_t size) const {
  return or_errno(::write(file, data, size));
}

ssize_t FileSystem::read(int file, void* data, std::size_t size) const {
  return or_errno(::read(file, data, size));
}

int FileSystem::truncate(int file, std::uint64_t size) const {
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return -EFBIG;
  return or_errno(::ftruncate(file, static_cast<off_t>(size)));
}

int FileSystem::allocate(int file, std::uint64_t size) const {
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return -EFBIG;
  return -::posix_fallocate(file, 0, static_cast<off_t>(size));  // returns its error, errno is untouched
}

int FileSystem::sync(int file) const {
  return or_errno(::fsync(file));
}

int FileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) const {
  return or_errno(::rename(from.c_str(), to.c_str()));
}

int FileSystem::link(int file, const std::filesystem::path& name) const {
  const std::string unnamed = "/proc/self/fd/" + std::to_string(file);
  return or_errno(::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW));
}

int FileSystem::unlink(const std::filesystem::path& path) const {
  return or_errno(::unlink(path.c_str()));
}

int FileSystem::status(int file, struct ::stat& out) const {
  return or_errno(::fstat(file, &out));
}

int FileSystem::status(const std::filesystem::path& path, struct ::stat& out) const {
  return or_errno(::stat(path.c_str(), &out));
}

int FileSystem::set_mode(int file, mode_t mode) const {
  return or_errno(::fchmod(file, mode));
}

int FileSystem::lock(int file) const {
  return or_errno(::flock(file, LOCK_EX | LOCK_NB));
}

int FileSystem::free_bytes(const std::filesystem::path& path, std::uint64_t& out) const {
  struct ::statvfs system{};
  if (::statvfs(path.c_str(), &system) < 0) return -errno;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(system.f_bavail), static_cast<std::uint64_t>(system.f_frsize),
                             &out)) {
    out = std::numeric_limits<std::uint64_t>::max();
  }
  return 0;
}

int FileSystem::map(int file, std::size_t size, void*& out) const {
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (address == MAP_FAILED) return -errno;
  out = address;
  return 0;
}

void FileSystem::unmap(void* address, std::size_t size) const {
  ::munmap(address, size);
}

std::string describe(long negative_errno) {
  return std::generic_category().message(static_cast<int>(-negative_errno));
}

}  // namespace mobiedit::io
