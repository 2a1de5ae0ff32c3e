#include "io/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace mobiedit::io {
namespace {

/// The holder's name as the lock file has it. The file may hold anything or, for a moment, nothing.
std::string holder(const FileSystem& system, int file) {
  char text[200] = {};
  const ssize_t size = uninterrupted([&] { return system.read(file, text, sizeof text); });
  std::string name;
  for (ssize_t i = 0; i < size && text[i] != '\n'; ++i) {
    name += static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f ? '?' : text[i];
  }
  return name.empty() ? "another process" : name;
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& target, std::string_view program,
                                   const FileSystem& system) {
  std::filesystem::path path = target;
  path += ".lock";
  // The holder may release the lock and remove its file between our open and our lock. We then hold a file without a
  // name, and the next attempt makes or finds the current one.
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    const int file =
        uninterrupted([&] { return system.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666); });
    if (file < 0) return fail(ErrorCode::io, "cannot be created: " + describe(file), path.string());
    FileLock lock(system, {}, file);  // nameless as yet: destroying it closes the file and removes nothing

    if (const int error = uninterrupted([&] { return system.lock(file); }); error < 0) {
      if (error == -EWOULDBLOCK) {
        return fail(ErrorCode::locked, "is in use by " + holder(system, file), target.string(),
                    "wait until it is done");
      }
      return fail(ErrorCode::io, "cannot be locked: " + describe(error), path.string());
    }
    struct ::stat held{};
    struct ::stat named{};
    if (const int error = system.status(file, held); error < 0) {
      return fail(ErrorCode::io, "cannot be examined: " + describe(error), path.string());
    }
    if (system.status(path, named) < 0 || held.st_ino != named.st_ino || held.st_dev != named.st_dev) continue;

    lock.path_ = std::move(path);
    std::string text(program);
    text += ", process " + std::to_string(::getpid()) + "\n";
    const int emptied = uninterrupted([&] { return system.truncate(file, 0); });
    const ssize_t written = uninterrupted([&] { return system.write(file, text.data(), text.size()); });
    // The lock holds without the name. But a disk that cannot take the name cannot take any results.
    if (emptied < 0 || written < 0) {
      return fail(ErrorCode::io, "cannot be written: " + describe(emptied < 0 ? emptied : written),
                  lock.path_.string());
    }
    return lock;
  }
  return fail(ErrorCode::locked, "is being locked and unlocked too often by others", target.string(), "try again");
}

FileLock::FileLock(FileLock&& other) noexcept
    : system_(other.system_), path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

FileLock::~FileLock() {
  if (file_ < 0) return;
  if (!path_.empty()) system_->unlink(path_);  // while we hold it, so that nobody else's is removed
  system_->close(file_);
}

}  // namespace mobiedit::io
