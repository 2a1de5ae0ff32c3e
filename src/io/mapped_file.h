// A file's bytes as memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// A regular file, opened for reading only and mapped privately: nothing done through it can change the file.
/// Immutable; may be shared between threads. If another process truncates the file while it is mapped, touching the
/// lost pages raises SIGBUS; this is not defended against here.
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

 private:
  MappedFile(const FileSystem& system, std::span<const std::byte> bytes) : system_(&system), bytes_(bytes) {}

  const FileSystem* system_;
  std::span<const std::byte> bytes_;
};

}  // namespace mobiedit::io
