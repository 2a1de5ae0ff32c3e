// Questions about files that are not opened.
#pragma once

#include <cstdint>
#include <filesystem>

#include "io/file_system.h"
#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// Bytes that may still be written where `path` lies; it need not exist, but its folder must. Errors: io.
[[nodiscard]] Result<std::uint64_t> free_space(const std::filesystem::path& path,
                                               const FileSystem& system = FileSystem::real());

/// Returns true if both names lead to one file, through any links; false if either does not exist.
/// Errors: io (one of them cannot be examined, so the answer is not known).
[[nodiscard]] Result<bool> same_file(const std::filesystem::path& a, const std::filesystem::path& b,
                                     const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
