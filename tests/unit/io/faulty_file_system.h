// The real file system, one of whose calls goes wrong.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace mobiedit::io::testing {

/// Call number `fail_at` (from 1) fails with `error`; `calls` has the names of all that were made. Removing a file and
/// closing the folder after all is done are not counted: nothing could be done about their failing.
class FaultyFileSystem : public FileSystem {
 public:
  explicit FaultyFileSystem(int fail_at = 0, int error = EIO) : fail_at_(fail_at), error_(error) {}

  mutable std::vector<std::string> calls;
  /// Bytes that a single write takes at most.
  std::size_t largest_write = static_cast<std::size_t>(-1);

  bool allows_unnamed_files = true;

  int open(const std::filesystem::path& path, int flags, mode_t mode) const override {
    if ((flags & O_TMPFILE) == O_TMPFILE && !allows_unnamed_files) return -EOPNOTSUPP;
    if ((flags & O_TMPFILE) == O_TMPFILE) return fails("open unnamed") ? -error_ : FileSystem::open(path, flags, mode);
    return fails("open") ? -error_ : FileSystem::open(path, flags, mode);
  }
  int close(int file) const override {
    const int result = FileSystem::close(file);
    return fails("close") ? -error_ : result;
  }
  ssize_t write(int file, const void* data, std::size_t size) const override {
    return fails("write") ? -error_ : FileSystem::write(file, data, std::min(size, largest_write));
  }
  ssize_t read(int file, void* data, std::size_t size) const override {
    return fails("read") ? -error_ : FileSystem::read(file, data, size);
  }
  int truncate(int file, std::uint64_t size) const override {
    return fails("truncate") ? -error_ : FileSystem::truncate(file, size);
  }
  int allocate(int file, std::uint64_t size) const override {
    return fails("allocate") ? -error_ : FileSystem::allocate(file, size);
  }
  int sync(int file) const override { return fails("sync") ? -error_ : FileSystem::sync(file); }
  int rename(const std::filesystem::path& from, const std::filesystem::path& to) const override {
    return fails("rename") ? -error_ : FileSystem::rename(from, to);
  }
  int link(int file, const std::filesystem::path& name) const override {
    return fails("link") ? -error_ : FileSystem::link(file, name);
  }
  int status(int file, struct ::stat& out) const override {
    return fails("fstat") ? -error_ : FileSystem::status(file, out);
  }
  int status(const std::filesystem::path& path, struct ::stat& out) const override {
    return fails("stat") ? -error_ : FileSystem::status(path, out);
  }
  int set_mode(int file, mode_t mode) const override {
    return fails("chmod") ? -error_ : FileSystem::set_mode(file, mode);
  }
  int lock(int file) const override { return fails("lock") ? -error_ : FileSystem::lock(file); }
  int map(int file, std::size_t size, void*& out) const override {
    return fails("map") ? -error_ : FileSystem::map(file, size, out);
  }

  [[nodiscard]] bool failed() const { return fail_at_ > 0 && calls.size() >= static_cast<std::size_t>(fail_at_); }
  /// The call that went wrong.
  [[nodiscard]] std::string culprit() const { return failed() ? calls[static_cast<std::size_t>(fail_at_) - 1] : ""; }

 private:
  bool fails(const char* call) const {
    calls.emplace_back(call);
    return calls.size() == static_cast<std::size_t>(fail_at_);
  }

  int fail_at_;
  int error_;
};

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace mobiedit::io::testing
