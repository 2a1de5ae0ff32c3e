#include "io/replace_file.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

namespace mobiedit::io {
namespace {

constexpr mode_t permission_bits = 0777;

std::unexpected<Error> refused(const std::filesystem::path& path, const char* what, int error) {
  return fail(ErrorCode::io, std::string(what) + ": " + describe(error), path.string());
}

}  // namespace

Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to, const FileSystem& system) {
  // Opens the folder before the renaming, so that little can fail after it. A folder that may be written but not read
  // cannot be synced; the renaming goes on without.
  const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
  const int parent = uninterrupted([&] { return system.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (parent < 0 && parent != -EACCES) return refused(to, "its folder cannot be opened", parent);
  const int renamed = system.rename(from, to);
  const int synced = renamed < 0 || parent < 0 ? 0 : uninterrupted([&] { return system.sync(parent); });
  if (parent >= 0) system.close(parent);
  if (renamed < 0) return refused(to, "cannot be replaced", renamed);
  if (synced >= 0 || synced == -EINVAL || synced == -EOPNOTSUPP) return {};  // not every file system syncs folders
  return refused(to, "is written and in place, but its folder cannot be synced, so it may not outlast a loss of power",
                 synced);
}

Status replace_file(const std::filesystem::path& from, const std::filesystem::path& to, const FileSystem& system) {
  struct ::stat old{};
  const int examined = system.status(to, old);
  if (examined < 0 && examined != -ENOENT) return refused(to, "cannot be examined", examined);
  if (examined >= 0) {
    const int file = uninterrupted([&] { return system.open(from, O_RDONLY | O_CLOEXEC, 0); });
    if (file < 0) return refused(from, "cannot be opened", file);
    const int kept = uninterrupted([&] { return system.set_mode(file, old.st_mode & permission_bits); });
    system.close(file);
    if (kept < 0) return refused(to, "its permissions cannot be kept", kept);
  }
  return rename_durably(from, to, system);
}

void remove_file(const std::filesystem::path& path, const FileSystem& system) {
  system.unlink(path);
}

}  // namespace mobiedit::io
