// A finished file takes another's place.
#pragma once

#include <filesystem>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// Renames `from` over `to`, in the same folder, with the permissions of the file that was there, and syncs the folder.
/// Errors: io; then `to` is what it was, but for a folder that could not be synced, which the error tells.
[[nodiscard]] Status replace_file(const std::filesystem::path& from, const std::filesystem::path& to,
                                  const FileSystem& system = FileSystem::real());

/// Removes a file if it is there.
void remove_file(const std::filesystem::path& path, const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
