// Plain text that ships with the program: statistics are learnt from it where the user gives no text of his own.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mobiedit {

/// Paragraphs of several kinds: reports, stories, dialogue, instructions, lists, letters, numbers, code. All names and
/// figures are made up.
[[nodiscard]] std::span<const std::string_view> plain_paragraphs();

/// The paragraphs, an empty line between them. Throws std::bad_alloc.
[[nodiscard]] std::string plain_text();

/// Messages of a user to a chat model, on all kinds of things.
[[nodiscard]] std::span<const std::string_view> plain_questions();

}  // namespace mobiedit
