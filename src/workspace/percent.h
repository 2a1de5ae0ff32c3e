// Numbers for messages.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace mobiedit {

/// "12.3": a number with fixed decimals.
[[nodiscard]] inline std::string percent(double value, int decimals) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return {text.data(), length < 0 ? 0 : std::min(static_cast<std::size_t>(length), text.size() - 1)};
}

/// "12.5" or "50": a number as it was given, without needless zeros.
[[nodiscard]] inline std::string plain_number(double value) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%g", value);
  return {text.data(), length < 0 ? 0 : std::min(static_cast<std::size_t>(length), text.size() - 1)};
}

}  // namespace mobiedit
