// Adapters in formats of other programs: recognised, so that an error can name them.
#pragma once

#include <filesystem>
#include <optional>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// Returns an error that names the format of a file that is not GGUF, and says how to convert it. Nothing for a GGUF
/// file, and for one that cannot be opened.
[[nodiscard]] std::optional<Error> foreign_adapter(const std::filesystem::path& path);

}  // namespace mobiedit
