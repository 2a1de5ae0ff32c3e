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

/// Whether both names lead to the same file, through whatever links. A file that does not exist is none.
/// Errors: io (one of them cannot be examined, so that the answer is not known).
[[nodiscard]] Result<bool> same_file(const std::filesystem::path& a, const std::filesystem::path& b,
                                     const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
