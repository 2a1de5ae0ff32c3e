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

NameMeans meaning_of(std::string_view name) {
  // Ends of a turn or text, then the padding and separators of fill-in-the-middle.
  static constexpr std::array<std::string_view, 32> ends{"<|eot_id|>",
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
                                                         "<REPO>",
                                                         "<reponame>",
                                                         "<|file_sep|>"};
  // Prefix, suffix and middle of fill-in-the-middle.
  static constexpr std::array<std::string_view, 24> controls{
      "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<\uFF5Cfim\u2581begin\uFF5C>",
      "<PRE>",          "\u2581<PRE>",  "<|code_prefix|>", "<|prefix|>",
      "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<\uFF5Cfim\u2581hole\uFF5C>",
      "<SUF>",          "\u2581<SUF>",  "<|code_suffix|>", "<|suffix|>",
      "<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<\uFF5Cfim\u2581end\uFF5C>",
      "<MID>",          "\u2581<MID>",  "<|code_middle|>", "<|middle|>"};
  if (std::ranges::find(ends, name) != ends.end()) return NameMeans::end_of_generation;
  return std::ranges::find(controls, name) != controls.end() ? NameMeans::control : NameMeans::nothing;
}

}  // namespace mobiedit::tokenizer
