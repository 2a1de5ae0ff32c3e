#include "io/replace_file.h"

#include <fcntl.h>

#include <string>

namespace mobiedit::io {
namespace {

constexpr mode_t permission_bits = 07777;

std::unexpected<Error> refused(const std::filesystem::path& path, const char* what, int error) {
  return fail(ErrorCode::io, std::string(what) + ": " + describe(error), path.string());
}

/// Opens, hands over, closes.
template <class Use>
int with_file(const FileSystem& system, const std::filesystem::path& path, int flags, Use use) {
  const int file = uninterrupted([&] { return system.open(path, flags | O_CLOEXEC, 0); });
  if (file < 0) return file;
  const int result = uninterrupted([&] { return use(file); });
  system.close(file);
  return result;
}

}  // namespace

Status replace_file(const std::filesystem::path& from, const std::filesystem::path& to, const FileSystem& system) {
  struct ::stat old{};
  if (system.status(to, old) >= 0) {
    const int kept = with_file(system, from, O_RDONLY,
                               [&](int file) { return system.set_mode(file, old.st_mode & permission_bits); });
    if (kept < 0) return refused(to, "its permissions cannot be kept", kept);
  }
  if (const int renamed = system.rename(from, to); renamed < 0) return refused(to, "cannot be replaced", renamed);
  const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
  const int synced = with_file(system, folder, O_RDONLY | O_DIRECTORY, [&](int file) { return system.sync(file); });
  if (synced < 0) return refused(to, "is in place, but its folder could not be synced", synced);
  return {};
}

void remove_file(const std::filesystem::path& path, const FileSystem& system) {
  system.unlink(path);
}

}  // namespace mobiedit::io
