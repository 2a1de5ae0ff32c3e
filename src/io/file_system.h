// File system calls behind one interface, so that a test can make any of them fail.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace mobiedit::io {

/// Each function is the system call of its name and nothing more. A negative result is -errno. The caller repeats
/// interrupted and partial calls. Threads may share an implementation.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// The operating system's own.
  [[nodiscard]] static const FileSystem& real();

  [[nodiscard]] virtual int open(const std::filesystem::path& path, int flags, mode_t mode) const;
  virtual int close(int file) const;
  [[nodiscard]] virtual ssize_t write(int file, const void* data, std::size_t size) const;
  [[nodiscard]] virtual ssize_t read(int file, void* data, std::size_t size) const;
  [[nodiscard]] virtual int truncate(int file, std::uint64_t size) const;
  [[nodiscard]] virtual int allocate(int file, std::uint64_t size) const;
  [[nodiscard]] virtual int sync(int file) const;
  [[nodiscard]] virtual int rename(const std::filesystem::path& from, const std::filesystem::path& to) const;
  /// Gives a file that was opened with O_TMPFILE a name, which must be free.
  [[nodiscard]] virtual int link(int file, const std::filesystem::path& name) const;
  virtual int unlink(const std::filesystem::path& path) const;
  [[nodiscard]] virtual int status(int file, struct ::stat& out) const;
  [[nodiscard]] virtual int status(const std::filesystem::path& path, struct ::stat& out) const;
  [[nodiscard]] virtual int set_mode(int file, mode_t mode) const;
  /// Takes an exclusive advisory lock without waiting for it.
  [[nodiscard]] virtual int lock(int file) const;
  /// Bytes that an unprivileged process may still write on the file system of `path`.
  [[nodiscard]] virtual int free_bytes(const std::filesystem::path& path, std::uint64_t& out) const;
  /// A private read-only mapping of the whole file.
  [[nodiscard]] virtual int map(int file, std::size_t size, void*& out) const;
  virtual void unmap(void* address, std::size_t size) const;
};

/// The system's message for -errno.
[[nodiscard]] std::string describe(long negative_errno);

/// Repeats a call for as long as signals interrupt it.
template <class Call>
[[nodiscard]] auto uninterrupted(Call call) {
  constexpr int interrupted = -EINTR;
  auto result = call();
  while (result == interrupted) result = call();
  return result;
}

}  // namespace mobiedit::io
