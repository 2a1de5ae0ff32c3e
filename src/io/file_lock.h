// Lock file: one process at a time may change a target.
#pragma once

#include <filesystem>
#include <string_view>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// An advisory lock on `target`: a file beside it, named `target`.lock, that is locked while this object lives and
/// removed with it. The file names its holder. The system releases the lock when the process ends, however it ends. Use
/// it from one thread.
class FileLock {
 public:
  /// Other processes see `program` as the holder. Errors: locked (naming the holder), io.
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
