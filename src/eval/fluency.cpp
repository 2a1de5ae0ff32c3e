#include "eval/fluency.h"

#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

namespace mobiedit {
namespace {

constexpr int longest_text = 100;  // tokens

bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

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

double entropy(const std::vector<std::string_view>& words, std::size_t n) {
  if (words.size() < n) return 0;
  std::map<std::vector<std::string_view>, int> counts;
  const auto runs = static_cast<double>(words.size() - n + 1);
  for (auto at = words.begin(); words.end() - at >= static_cast<std::ptrdiff_t>(n); ++at)
    ++counts[{at, at + static_cast<std::ptrdiff_t>(n)}];
  double bits = 0;
  for (const auto& [run, count] : counts) bits -= count / runs * std::log2(count / runs);
  return bits;
}

}  // namespace

double ngram_entropy(std::string_view text) {
  const auto words = words_of(text);
  return (2.0 / 3 * entropy(words, 2) + 4.0 / 3 * entropy(words, 3)) / 2;
}

Result<double> fluency(Session& session, const Tokenizer& tokenizer, std::span<const std::string> prompts,
                       const CancelToken& cancel) {
  double sum = 0;
  for (const std::string& prompt : prompts) {
    const std::vector<Token> tokens = tokenizer.encode(prompt);
    session.clear();
    if (auto read = session.append(tokens, cancel); !read) return std::unexpected(read.error());
    std::string text = prompt;
    if (const int left = longest_text - static_cast<int>(tokens.size()); left > 0) {
      auto more =
          session.generate({.max_tokens = left, .temperature = 1, .top_k = 5, .top_p = 1, .seed = 0}, {}, cancel);
      if (!more) return std::unexpected(more.error());
      text += more->text;
    }
    sum += ngram_entropy(text);
  }
  return sum / static_cast<double>(prompts.size());
}

}  // namespace mobiedit
