// One process at a time.
#pragma once

#include <filesystem>
#include <string_view>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// An advisory lock on `target`: a file beside it, named `target`.lock, that is locked while this object lives and
/// removed with it. It says who holds it; the system drops it when the process ends, however it ends. For one thread.
class FileLock {
 public:
  /// `program` is what others are told. Errors: locked (naming the holder), io.
  [[nodiscard]] static Result<FileLock> acquire(const std::filesystem::path& target, std::string_view program,
                                                const FileSystem& system = FileSystem::real());

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(const FileSystem& system, std::filesystem::path path, int file)
      : system_(&system), path_(std::move(path)), file_(file) {}

  const FileSystem* system_;
  std::filesystem::path path_;
  int file_;
};

}  // namespace mobiedit::io
