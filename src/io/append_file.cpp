#include "io/append_file.h"

#include <fcntl.h>

#include <utility>

namespace mobiedit::io {

Result<AppendFile> AppendFile::open(const std::filesystem::path& path, std::uint64_t kept_bytes,
                                    const FileSystem& system) {
  const int file = uninterrupted([&] { return system.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
  if (file < 0) return fail(ErrorCode::io, "cannot be written: " + describe(file), path.string());
  AppendFile opened(system, path, file);
  if (const int error = uninterrupted([&] { return system.truncate(file, kept_bytes); }); error < 0)
    return fail(ErrorCode::io, "cannot be cut to its whole lines: " + describe(error), path.string());
  return opened;
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : system_(other.system_), path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

AppendFile::~AppendFile() {
  if (file_ >= 0) system_->close(file_);
}

Status AppendFile::add(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = uninterrupted([&] { return system_->write(file_, text.data(), text.size()); });
    if (written < 0) return fail(ErrorCode::io, "cannot be written: " + describe(written), path_.string());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace mobiedit::io
