#include "model/tokenizer/special_tokens.h"

#include <algorithm>
#include <functional>

namespace mobiedit::tokenizer {

void TokenFinder::add(std::string name, Token token) {
  if (name.empty()) return;
  auto& lengths = lengths_[static_cast<unsigned char>(name.front())];
  const auto place = std::ranges::lower_bound(lengths, name.size(), std::greater{});
  if (place == lengths.end() || *place != name.size()) lengths.insert(place, name.size());
  names_.emplace(std::move(name), token);
}

std::optional<TokenFinder::Found> TokenFinder::find(std::string_view text, std::size_t from) const {
  if (names_.empty()) return std::nullopt;
  for (std::size_t at = from; at < text.size(); ++at) {
    for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
      if (length > text.size() - at) continue;
      if (const auto found = names_.find(std::string(text.substr(at, length))); found != names_.end()) {
        return Found{at, length, found->second};
      }
    }
  }
  return std::nullopt;
}

bool names_an_end(std::string_view name) {
  // The names that llama.cpp looks for: ends of a turn or text, then the separators of fill-in-the-middle.
  static constexpr std::array<std::string_view, 31> ends{"<|eot_id|>",
                                                         "<|im_end|>",
                                                         "<|end|>",
                                                         "<|return|>",
                                                         "<|call|>",
                                                         "<|flush|>",
                                                         "<|calls|>",
                                                         "<end_of_turn>",
                                                         "<|endoftext|>",
                                                         "</s>",
                                                         "<|eom_id|>",
                                                         "<EOT>",
                                                         "_<EOT>",
                                                         "[EOT]",
                                                         "[EOS]",
                                                         "<|end_of_text|>",
                                                         "<end_of_utterance>",
                                                         "<eos>",
                                                         "<turn|>",
                                                         "<|tool_response>",
                                                         "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
                                                         "<|fim_pad|>",
                                                         "<fim-pad>",
                                                         "<fim_pad>",
                                                         "<PAD>",
                                                         "[PAD]",
                                                         "<|fim_repo|>",
                                                         "<|repo_name|>",
                                                         "<fim-repo>",
                                                         "<reponame>",
                                                         "<|file_sep|>"};
  return std::ranges::find(ends, name) != ends.end();
}

}  // namespace mobiedit::tokenizer
