#include "io/user_folders.h"

#include <cstdlib>
#include <system_error>

namespace mobiedit::io {
namespace {

std::filesystem::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The specification ignores paths that are not absolute.
std::filesystem::path xdg_folder(const char* name, const char* in_home) {
  if (const auto folder = variable(name); folder.is_absolute()) return folder / "mobiedit";
  if (const auto home = variable("HOME"); !home.empty()) return home / in_home / "mobiedit";
  return {};
}

}  // namespace

std::filesystem::path user_data_folder() {
  return xdg_folder("XDG_DATA_HOME", ".local/share");
}

Result<std::filesystem::path> user_cache_folder() {
  std::filesystem::path folder = variable("MOBIEDIT_CACHE");
  if (folder.empty()) folder = xdg_folder("XDG_CACHE_HOME", ".cache");
  if (folder.empty()) return folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::io, "the cache cannot be made: " + error.message(), folder.string(),
                "set MOBIEDIT_CACHE to another folder");
  return folder;
}

}  // namespace mobiedit::io
