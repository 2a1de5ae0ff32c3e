// A file to which lines are added as they come.
#pragma once

#include <filesystem>
#include <string_view>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// Hands each text to the system at once: it survives the end of this process, not a power cut. For one thread.
class AppendFile {
 public:
  /// Makes the file, or keeps the first `kept_bytes` of one that is there. Errors: io.
  [[nodiscard]] static Result<AppendFile> open(const std::filesystem::path& path, std::uint64_t kept_bytes,
                                               const FileSystem& system = FileSystem::real());

  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();

  /// Errors: io; then a part of the text may be there.
  [[nodiscard]] Status add(std::string_view text);

 private:
  AppendFile(const FileSystem& system, std::filesystem::path path, int file)
      : system_(&system), path_(std::move(path)), file_(file) {}

  const FileSystem* system_;
  std::filesystem::path path_;
  int file_;
};

}  // namespace mobiedit::io
