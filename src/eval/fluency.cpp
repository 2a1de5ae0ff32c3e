#include "eval/fluency.h"

#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "eval/words.h"

namespace mobiedit {
namespace {

constexpr int longest_text = 100;  // tokens

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
