// Atomic replacement of a file by a finished one.
#pragma once

#include <filesystem>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// Renames `from` over `to`, in the same folder, and syncs the folder where it can be. A symbolic link at `to` is
/// replaced, not followed. Errors: io. After an error `to` is unchanged, with one exception that the error names: the
/// new file is in place and only the folder could not be synced.
[[nodiscard]] Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to,
                                    const FileSystem& system = FileSystem::real());

/// Replaces `to` as above, and gives the new file the permissions of the old one.
[[nodiscard]] Status replace_file(const std::filesystem::path& from, const std::filesystem::path& to,
                                  const FileSystem& system = FileSystem::real());

/// Removes a file if it is there.
void remove_file(const std::filesystem::path& path, const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
