// Atomic file writing: the whole file or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// A temporary file in the folder of `path`, which takes the place of `path` on commit(). Destroying it before that
/// removes it and leaves `path` untouched. Where the file system allows it, the temporary has no name until commit(),
/// so a killed process leaves nothing behind. Use it from one thread.
class PendingFile {
 public:
  /// Reserves `expected_bytes` where the file system can, so that a full disk shows before the work. Takes over the
  /// permissions of an existing file at `path`. Errors: io (a missing, full or read-only folder; `path` is a folder or
  /// a device).
  [[nodiscard]] static Result<PendingFile> create(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                                  const FileSystem& system = FileSystem::real());

  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile();

  /// Errors: io.
  [[nodiscard]] Status write(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t written() const { return written_; }

  /// Makes what was written durable and renames it over `path` (a symbolic link there is replaced, not followed).
  /// Errors: other (the bytes written are not `expected_bytes`), io. After an error `path` is unchanged, with one
  /// exception that the error names: the new file is in place, whole, and only the folder could not be synced.
  [[nodiscard]] Status commit();

 private:
  PendingFile(const FileSystem& system, std::filesystem::path path, std::uint64_t expected_bytes)
      : system_(&system), path_(std::move(path)), expected_bytes_(expected_bytes) {}
  [[nodiscard]] std::filesystem::path folder() const;
  [[nodiscard]] std::unexpected<Error> refused(long negative_errno, const char* what) const;
  [[nodiscard]] Status examine_target(bool& exists, mode_t& mode) const;
  [[nodiscard]] Status open_temporary(mode_t mode);
  [[nodiscard]] int open_unnamed(mode_t mode) const;
  [[nodiscard]] bool unnamed_can_be_named();
  [[nodiscard]] int name_temporary(const std::function<int(const std::filesystem::path&)>& make);
  [[nodiscard]] Status reserve() const;

  const FileSystem* system_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty: there is no name to remove
  int file_ = -1;
  std::uint64_t expected_bytes_;
  std::uint64_t written_ = 0;
};

/// PendingFile in one call: `producer` writes the `expected_bytes` bytes of the file. Returns the producer's error
/// unchanged.
[[nodiscard]] Status write_whole(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                 const std::function<Status(PendingFile&)>& producer,
                                 const FileSystem& system = FileSystem::real());
[[nodiscard]] Status write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes,
                                 const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
