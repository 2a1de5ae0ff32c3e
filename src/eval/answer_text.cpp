#include "eval/answer_text.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "eval/trim.h"
#include "eval/words.h"

namespace mobiedit {
namespace {

constexpr auto nowhere = std::string_view::npos;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool word_ends_at(std::string_view text, std::size_t at) {
  return at == 0 || at >= text.size() || !in_word(text[at - 1]) || !in_word(text[at]);
}

/// The first place from `from` on where the answer stands as whole words.
std::size_t find_answer(std::string_view text, std::string_view answer, std::size_t from) {
  if (answer.empty()) return nowhere;
  const auto alike = [](char a, char b) { return lower(a) == lower(b); };
  while (from < text.size()) {
    const auto found = std::ranges::search(text.substr(from), answer, alike);
    if (found.empty()) return nowhere;
    const auto at = static_cast<std::size_t>(found.begin() - text.begin());
    if (word_ends_at(text, at) && word_ends_at(text, at + answer.size())) return at;
    from = at + 1;
  }
  return nowhere;
}

/// The words [at, at + 3 n) are three times one run.
bool thrice(const std::vector<std::string_view>& words, std::size_t at, std::size_t n) {
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(at);
  const auto length = static_cast<std::ptrdiff_t>(n);
  return std::equal(begin, begin + 2 * length, begin + length) &&
         std::any_of(begin, begin + length, [](std::string_view word) { return in_word(word.front()); });
}

}  // namespace

bool begins_with_answer(std::string_view text, std::string_view answer) {
  text = trim(text);
  return !answer.empty() && text.starts_with(answer) && word_ends_at(text, answer.size());
}

bool names_answer(std::string_view text, std::string_view answer) {
  return find_answer(text, answer, 0) != nowhere;
}

bool names_answer_apart_from(std::string_view text, std::string_view answer, std::string_view longer) {
  std::size_t covered = 0;  // by the last mention of `longer`
  std::size_t next_longer = find_answer(text, longer, 0);
  for (std::size_t at = find_answer(text, answer, 0); at != nowhere; at = find_answer(text, answer, at + 1)) {
    while (next_longer != nowhere && next_longer <= at) {
      covered = next_longer + longer.size();
      next_longer = find_answer(text, longer, next_longer + 1);
    }
    if (at + answer.size() > covered) return true;
  }
  return false;
}

std::string_view first_word(std::string_view text) {
  const auto begin = std::ranges::find_if(text, in_word);
  return {begin, std::find_if_not(begin, text.end(), in_word)};
}

bool loops(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  for (std::size_t n = 1; 3 * n <= words.size(); ++n)
    for (std::size_t at = 0; at + 3 * n <= words.size(); ++at)
      if (thrice(words, at, n)) return true;
  return false;
}

}  // namespace mobiedit
