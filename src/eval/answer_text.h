// Verdicts on a generated text: exact match, mention of an answer, first word, loops. Pure functions of texts.
#pragma once

#include <string_view>

namespace mobiedit {

/// The text begins with the answer, after white space, and the answer ends where a word ends: "Paris, France" begins
/// with "Paris", "Parisian" does not. False for an empty answer.
[[nodiscard]] bool begins_with_answer(std::string_view text, std::string_view answer);

/// The answer stands somewhere in the text as whole words. Letters of ASCII match in either case. False for an empty
/// answer.
[[nodiscard]] bool names_answer(std::string_view text, std::string_view answer);

/// As names_answer, but mentions that are a part of `longer` don't count: "York" is not named by "New York".
[[nodiscard]] bool names_answer_apart_from(std::string_view text, std::string_view answer, std::string_view longer);

/// The first run of letters and digits, wherever it begins. Empty where there is none.
[[nodiscard]] std::string_view first_word(std::string_view text);

/// Some run of words, with a letter or digit among them, stands three times in a row.
[[nodiscard]] bool loops(std::string_view text);

}  // namespace mobiedit
