#include "app/common/cache_folder.h"

#include <cstdlib>
#include <system_error>

namespace mobiedit::cli {

Result<std::filesystem::path> cache_folder() {
  const auto set = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::filesystem::path folder = set("MOBIEDIT_CACHE");
  if (folder.empty() && set("XDG_CACHE_HOME").is_absolute()) folder = set("XDG_CACHE_HOME") / "mobiedit";
  if (folder.empty() && !set("HOME").empty()) folder = set("HOME") / ".cache" / "mobiedit";
  if (folder.empty()) return folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::io, "the cache cannot be made: " + error.message(), folder.string(),
                "set MOBIEDIT_CACHE to another folder");
  return folder;
}

}  // namespace mobiedit::cli
