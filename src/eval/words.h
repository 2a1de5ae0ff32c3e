// Words of a text: runs of letters and digits, and each other character but white space.
#pragma once

#include <string_view>
#include <vector>

namespace mobiedit {

/// True for a byte of a letter or digit. All of UTF-8 beyond ASCII counts as letters.
[[nodiscard]] inline bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Borrows the text.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text);

}  // namespace mobiedit
