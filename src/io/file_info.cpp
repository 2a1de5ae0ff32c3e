#include "io/file_info.h"

#include <cerrno>

namespace mobiedit::io {
namespace {

Result<bool> examine(const std::filesystem::path& path, const FileSystem& system, struct ::stat& out) {
  const int error = system.status(path, out);
  if (error >= 0) return true;
  if (error == -ENOENT || error == -ENOTDIR) return false;
  return fail(ErrorCode::io, "cannot be examined: " + describe(error), path.string());
}

}  // namespace

Result<std::uint64_t> free_space(const std::filesystem::path& path, const FileSystem& system) {
  std::uint64_t bytes = 0;
  int error = system.free_bytes(path, bytes);
  if (error == -ENOENT) {
    error = system.free_bytes(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."), bytes);
  }
  if (error < 0) return fail(ErrorCode::io, "its free space is not known: " + describe(error), path.string());
  return bytes;
}

Result<bool> same_file(const std::filesystem::path& a, const std::filesystem::path& b, const FileSystem& system) {
  struct ::stat first{};
  struct ::stat second{};
  const Result<bool> has_first = examine(a, system, first);
  if (!has_first || !*has_first) return has_first;
  const Result<bool> has_second = examine(b, system, second);
  if (!has_second || !*has_second) return has_second;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace mobiedit::io
