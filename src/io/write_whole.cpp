#include "io/write_whole.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/try.h"
#include "io/replace_file.h"

namespace mobiedit::io {
namespace {

constexpr mode_t ordinary_mode = 0666;  // less what the process's umask takes

std::string mebibytes(std::uint64_t bytes) {
  constexpr std::uint64_t one = std::uint64_t{1} << 20;
  return bytes < one ? std::to_string(bytes) + " bytes" : std::to_string(bytes / one) + " MiB";
}

}  // namespace

std::filesystem::path PendingFile::folder() const {
  return path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
}

std::unexpected<Error> PendingFile::refused(long negative_errno, const char* what) const {
  switch (-negative_errno) {
    case ENOSPC:
    case EDQUOT: {
      std::string text = "disk full: needs " + mebibytes(expected_bytes_);
      std::uint64_t free = 0;
      if (system_->free_bytes(folder(), free) >= 0) text += ", " + mebibytes(free) + " free";
      return fail(ErrorCode::io, std::move(text), path_.string(), "make room, or write to another disk");
    }
    case EROFS:
    case EACCES:
    case EPERM:
      return fail(ErrorCode::io, "its folder cannot be written to: " + describe(negative_errno), path_.string(),
                  "choose another folder, or change its permissions");
    default:
      return fail(ErrorCode::io, std::string(what) + ": " + describe(negative_errno), path_.string());
  }
}

Result<PendingFile> PendingFile::create(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                        const FileSystem& system) {
  PendingFile pending(system, path, expected_bytes);
  bool exists = false;
  mode_t mode = ordinary_mode;
  MOBIEDIT_CHECK(pending.examine_target(exists, mode));
  MOBIEDIT_CHECK(pending.open_temporary(mode));
  if (exists) {
    const int error = uninterrupted([&] { return system.set_mode(pending.file_, mode); });
    if (error < 0) return pending.refused(error, "its permissions cannot be kept");
  }
  MOBIEDIT_CHECK(pending.reserve());
  return pending;
}

Status PendingFile::examine_target(bool& exists, mode_t& mode) const {
  struct ::stat target{};
  const int error = system_->status(path_, target);
  exists = error >= 0;
  if (error == -ENOENT) {
    if (!path_.has_filename()) return fail(ErrorCode::io, "is not the name of a file", path_.string());
    struct ::stat parent{};
    if (const int missing = system_->status(folder(), parent); missing < 0) {
      return fail(ErrorCode::io, "the folder " + folder().string() + " cannot be used: " + describe(missing),
                  path_.string(), "create it first");
    }
    return {};
  }
  if (error < 0) return fail(ErrorCode::io, "cannot be examined: " + describe(error), path_.string());
  if (S_ISDIR(target.st_mode)) return fail(ErrorCode::io, "is a folder, not a file", path_.string());
  if (!S_ISREG(target.st_mode)) return fail(ErrorCode::io, "is not a regular file", path_.string());
  mode = target.st_mode & 0777u;
  return {};
}

int PendingFile::name_temporary(const std::function<int(const std::filesystem::path&)>& make) {
  // The name tells which process made the file, in case that process is killed. A name that is taken is left alone.
  constexpr std::size_t longest_stem = 200;
  constexpr int attempts = 100;
  const std::string stem = "." + path_.filename().string().substr(0, longest_stem) + "." + std::to_string(::getpid());
  int result = -EEXIST;
  for (int i = 0; i < attempts && result == -EEXIST; ++i) {
    std::filesystem::path candidate = folder() / (stem + "." + std::to_string(i) + ".part");
    result = uninterrupted([&] { return make(candidate); });
    if (result >= 0) temporary_ = std::move(candidate);
  }
  return result;
}

int PendingFile::open_unnamed(mode_t mode) const {
  return uninterrupted([&] { return system_->open(folder(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode); });
}

bool PendingFile::unnamed_can_be_named() {
  // Some systems forbid linking a nameless file. A second file finds that out now, not after everything is written; it
  // has to be a second one, since an unlinked file cannot get a name again.
  const int file = open_unnamed(ordinary_mode);
  if (file < 0) return false;
  const int named = name_temporary([&](const std::filesystem::path& name) { return system_->link(file, name); });
  if (named >= 0) system_->unlink(std::exchange(temporary_, {}));
  system_->close(file);
  return named >= 0;
}

Status PendingFile::open_temporary(mode_t mode) {
  if (unnamed_can_be_named()) {
    file_ = open_unnamed(mode);
    if (file_ >= 0) return {};
  }
  const int file = name_temporary([&](const std::filesystem::path& name) {
    return system_->open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  });
  if (file < 0) return refused(file, "cannot be created");
  file_ = file;
  return {};
}

Status PendingFile::reserve() const {
  if (expected_bytes_ == 0) return {};
  const int error = uninterrupted([this] { return system_->allocate(file_, expected_bytes_); });
  // A file system that cannot reserve space answers with one of these; writing will show if there is room.
  if (error >= 0 || error == -EOPNOTSUPP || error == -ENOSYS || error == -EINVAL) return {};
  return refused(error, "cannot be written");
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : system_(other.system_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::exchange(other.file_, -1)),
      expected_bytes_(other.expected_bytes_),
      written_(other.written_) {}

PendingFile::~PendingFile() {
  if (file_ >= 0) system_->close(file_);
  if (!temporary_.empty()) system_->unlink(temporary_);
}

Status PendingFile::write(std::span<const std::byte> bytes) {
  constexpr std::size_t largest_write = std::size_t{1} << 30;  // the system takes slightly less than 2 GiB per call
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), largest_write);
    const ssize_t done = uninterrupted([&] { return system_->write(file_, bytes.data(), size); });
    if (done == 0) return refused(-EIO, "cannot be written");
    if (done < 0) return refused(done, "cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    written_ += static_cast<std::uint64_t>(done);
  }
  return {};
}

Status PendingFile::commit() {
  if (written_ != expected_bytes_) {
    return fail(
        ErrorCode::other,
        std::to_string(written_) + " bytes were written where " + std::to_string(expected_bytes_) + " were announced",
        path_.string());
  }
  if (const int error = uninterrupted([this] { return system_->sync(file_); }); error < 0) {
    return refused(error, "cannot be written to the disk");
  }
  if (temporary_.empty()) {
    const int named = name_temporary([this](const std::filesystem::path& name) { return system_->link(file_, name); });
    if (named < 0) return refused(named, "cannot be given a name");
  }
  // Interrupted or not, a file is closed after one call.
  const int closed = system_->close(std::exchange(file_, -1));
  if (closed < 0 && closed != -EINTR) return refused(closed, "cannot be written to the disk");

  Status placed = rename_durably(temporary_, path_, *system_);
  if (placed) temporary_.clear();
  return placed;
}

Status write_whole(const std::filesystem::path& path, std::uint64_t expected_bytes,
                   const std::function<Status(PendingFile&)>& producer, const FileSystem& system) {
  Result<PendingFile> file = PendingFile::create(path, expected_bytes, system);
  if (!file) return std::unexpected(std::move(file.error()));
  if (Status status = producer(*file); !status) return status;
  return file->commit();
}

Status write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes, const FileSystem& system) {
  return write_whole(path, bytes.size(), [bytes](PendingFile& file) { return file.write(bytes); }, system);
}

}  // namespace mobiedit::io
