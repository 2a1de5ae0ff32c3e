// Where what takes long to compute is kept.
#pragma once

#include <filesystem>

#include "mobiedit/base/result.h"

namespace mobiedit::cli {

/// $MOBIEDIT_CACHE, or mobiedit in the user's cache folder; made if it is not there. Empty if there is no home at all.
/// Errors: io.
[[nodiscard]] Result<std::filesystem::path> cache_folder();

}  // namespace mobiedit::cli
