// UTF-8 decoding of bytes that may be malformed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// Bytes of the well-formed UTF-8 sequence (no surrogate, no overlong form) that starts at text[at]; 0 if there is
/// none.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at);

/// Length in bytes of the well-formed UTF-8 from text[at] on.
[[nodiscard]] std::size_t utf8_run(std::string_view text, std::size_t at);

/// The code point of a well-formed sequence of `length` bytes.
[[nodiscard]] char32_t utf8_decode(std::string_view text, std::size_t at, std::size_t length);

void utf8_append(std::string& text, char32_t code_point);

}  // namespace mobiedit::tokenizer
