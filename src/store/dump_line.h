// Lines of a dump: one edit as one line of JSON, with its checksum.
#pragma once

#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

/// One line of a dump, without its end.
[[nodiscard]] std::string to_line(const Edit& edit);
/// Errors: usage, naming the field that is wrong.
[[nodiscard]] Result<Edit> from_line(std::string_view line);

}  // namespace mobiedit
