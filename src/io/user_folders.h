// Folders of the user for data and caches, as the XDG base directory specification has them.
#pragma once

#include <filesystem>

#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// $XDG_DATA_HOME/mobiedit, else ~/.local/share/mobiedit. Empty without a home. Makes nothing.
[[nodiscard]] std::filesystem::path user_data_folder();

/// $MOBIEDIT_CACHE, else $XDG_CACHE_HOME/mobiedit, else ~/.cache/mobiedit; made if it is not there. Empty
/// without a home. Errors: io.
[[nodiscard]] Result<std::filesystem::path> user_cache_folder();

}  // namespace mobiedit::io
