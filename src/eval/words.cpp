#include "eval/words.h"

#include <cstddef>

namespace mobiedit {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (in_word(text[at]) && end < text.size() && in_word(text[end])) ++end;
    if (std::string_view(" \t\r\n").find(text[at]) == std::string_view::npos)
      words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace mobiedit
