// Walking over bytes that may or may not be UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// Bytes of the well-formed UTF-8 sequence (no surrogate, no overlong form) that starts at text[at]; 0 if there is
/// none.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at);

/// Bytes from text[at] on that are well-formed UTF-8.
[[nodiscard]] std::size_t utf8_run(std::string_view text, std::size_t at);

/// The code point of a well-formed sequence of `length` bytes.
[[nodiscard]] char32_t utf8_decode(std::string_view text, std::size_t at, std::size_t length);

void utf8_append(std::string& text, char32_t code_point);

}  // namespace mobiedit::tokenizer
