#include "mobiedit/eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace mobiedit {

Result<double> perplexity(Session& session, const Tokenizer& tokenizer, const std::string& text,
                          const CancelToken& cancel, std::size_t most_tokens) {
  std::vector<Token> tokens = tokenizer.encode(text, {.add_special = false});
  if (most_tokens > 0 && tokens.size() > most_tokens) tokens.resize(most_tokens);
  std::vector<Token> begin;
  if (tokenizer.adds_bos() && tokenizer.bos()) begin.push_back(*tokenizer.bos());
  const std::size_t width = perplexity_window - begin.size();
  std::vector<ScoredText> texts;
  for (std::size_t at = 0; at < tokens.size(); at += width) {
    ScoredText window{begin, 1};
    const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(at);
    window.tokens.insert(window.tokens.end(), first,
                         first + static_cast<std::ptrdiff_t>(std::min(width, tokens.size() - at)));
    if (window.tokens.size() > 1) texts.push_back(std::move(window));
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
