// Removal of white space around a text.
#pragma once

#include <string_view>

namespace mobiedit {

/// The part of `text` without white space at either end.
[[nodiscard]] inline std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

}  // namespace mobiedit
