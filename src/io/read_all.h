// Reads text whole: a file, a pipe or standard input.
#pragma once

#include <string>

#include "mobiedit/base/result.h"

namespace mobiedit::io {

/// All bytes that the descriptor still gives. The caller keeps it open and closes it. Errors: io, naming `name`.
[[nodiscard]] Result<std::string> read_all(int descriptor, const std::string& name);

/// The whole file at `path`, which may be a pipe. Errors: io, naming the path.
[[nodiscard]] Result<std::string> read_all(const std::string& path);

}  // namespace mobiedit::io
