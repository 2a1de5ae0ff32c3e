#include "model/tokenizer/special_tokens.h"

#include <algorithm>
#include <utility>

namespace mobiedit::tokenizer {

TokenFinder::TokenFinder(std::vector<Name> names) : names_(std::move(names)) {
  std::ranges::stable_sort(names_, {}, &Name::text);
  for (std::size_t byte = 0; byte < by_first_byte_.size(); ++byte) {
    by_first_byte_[byte] = narrow({0, names_.size()}, 0, static_cast<unsigned char>(byte));
  }
}

TokenFinder::Range TokenFinder::narrow(Range range, std::size_t depth, unsigned char byte) const {
  // A name that ends here sorts before longer ones, as if its next byte were less than any.
  const auto key = [&](const Name& name) {
    return depth < name.text.size() ? static_cast<int>(static_cast<unsigned char>(name.text[depth])) : -1;
  };
  const auto begin = names_.begin();
  const auto found = std::ranges::equal_range(begin + static_cast<std::ptrdiff_t>(range.begin),
                                              begin + static_cast<std::ptrdiff_t>(range.end), int{byte}, {}, key);
  return {static_cast<std::size_t>(found.begin() - begin), static_cast<std::size_t>(found.end() - begin)};
}

std::optional<TokenFinder::Found> TokenFinder::find(std::string_view text) const {
  if (names_.empty()) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::optional<Found> longest;
    Range range = by_first_byte_[static_cast<unsigned char>(text[at])];
    for (std::size_t length = 1; range.begin < range.end; ++length) {
      const Name& shortest = names_[range.begin];
      if (shortest.text.size() == length) longest = Found{at, length, shortest.token};
      if (at + length == text.size()) break;
      range = narrow(range, length, static_cast<unsigned char>(text[at + length]));
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

NameMeans meaning_of(std::string_view name) {
  // A quick test: each of these names begins with one of these bytes, most tokens do not.
  if (name.empty() || std::string_view("<[_\xE2").find(name.front()) == std::string_view::npos)
    return NameMeans::nothing;
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
