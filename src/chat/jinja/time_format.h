// Dates in a template's format, in English whatever the system's language is.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace mobiedit::chat {

/// Python's strftime. Throws Failure for a letter that is not supported.
[[nodiscard]] std::string format_time(std::string_view format, const std::tm& time);

}  // namespace mobiedit::chat
