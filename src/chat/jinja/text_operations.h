// Python's operations on strings, with marks kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "chat/jinja/runtime.h"

namespace mobiedit::chat {

enum class Sides { both, left, right };

/// The text without the given characters at its ends; without white space where they are null.
[[nodiscard]] MarkedText stripped(const MarkedText& text, const MarkedText* characters, Sides sides);
/// Splits at `separator`, at white space where that is null; at most `most` times unless negative.
[[nodiscard]] std::vector<Value> split(Runtime& runtime, const MarkedText& text, const MarkedText* separator,
                                       std::int64_t most, bool from_right);
[[nodiscard]] std::vector<Value> split_lines(Runtime& runtime, const MarkedText& text, bool keep_ends);
/// Replaces at most `most` times unless negative.
[[nodiscard]] MarkedText replaced(Runtime& runtime, const MarkedText& text, const MarkedText& old,
                                  const MarkedText& with, std::int64_t most);

enum class Case { upper, lower, capitalized, title };
[[nodiscard]] MarkedText in_case(Runtime& runtime, const MarkedText& text, Case wanted);
/// Words begin after white space, "-" and opening brackets, as Jinja's filter `title` has it.
[[nodiscard]] MarkedText in_title_filter_case(Runtime& runtime, const MarkedText& text);

}  // namespace mobiedit::chat
