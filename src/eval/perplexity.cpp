#include "mobiedit/eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace mobiedit {

Result<double> perplexity(Session& session, const Tokenizer& tokenizer, const std::string& text,
                          const CancelToken& cancel) {
  const std::vector<Token> tokens = tokenizer.encode(text);
  std::vector<ScoredText> texts;
  for (std::size_t at = 0; at + 1 < tokens.size(); at += perplexity_window) {
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(at);
    const auto length = static_cast<std::ptrdiff_t>(std::min(perplexity_window, tokens.size() - at));
    if (length > 1) texts.push_back({{begin, begin + length}, 1});
  }
  if (texts.empty()) return fail(ErrorCode::usage, "the running text has no two tokens");
  double sum = 0;
  std::size_t count = 0;
  constexpr std::size_t at_once = 8;
  for (std::size_t first = 0; first < texts.size(); first += at_once) {
    const auto scores = session.score(std::span(texts).subspan(first, std::min(at_once, texts.size() - first)), cancel);
    if (!scores) return std::unexpected(scores.error());
    for (const Score& score : *scores) {
      for (const float x : score.log_probabilities) sum += x;
      count += score.log_probabilities.size();
    }
  }
  return std::exp(-sum / static_cast<double>(count));
}

}  // namespace mobiedit
