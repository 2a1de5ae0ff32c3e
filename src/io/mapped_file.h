// Memory-mapped file, read-only.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// A regular file, opened for reading only and mapped privately: nothing done through it can change the file.
/// Immutable; threads may share it. If another process truncates the file while it is mapped, reading the lost pages
/// raises SIGBUS, which this class does not catch.
class MappedFile {
 public:
  /// Errors: io, naming the path.
  [[nodiscard]] static Result<MappedFile> open(const std::filesystem::path& path,
                                               const FileSystem& system = FileSystem::real());

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  /// Tells the system that the pages around [offset, offset + size) need not stay in memory; they are read again when
  /// touched. Out of range: nothing happens.
  void release(std::size_t offset, std::size_t size) const;
  /// Succeeds if the path still leads to the file that was opened, with its size and time of change. A change of bytes
  /// that restores the time goes unnoticed. Errors: io, naming the path.
  [[nodiscard]] Status unchanged() const;

 private:
  MappedFile(const FileSystem& system, std::filesystem::path path, const struct ::stat& opened,
             std::span<const std::byte> bytes)
      : system_(&system), path_(std::move(path)), opened_(opened), bytes_(bytes) {}

  const FileSystem* system_;
  std::filesystem::path path_;
  struct ::stat opened_;
  std::span<const std::byte> bytes_;
};

}  // namespace mobiedit::io
