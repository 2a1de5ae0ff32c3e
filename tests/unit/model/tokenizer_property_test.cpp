// Tokenizers: decoding undoes encoding for any bytes, and fast merging gives the tokens of the slow definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/model/tiny_vocabulary.h"
#include "unit/properties.h"

namespace mobiedit {
namespace {

const bool cases_chosen = test::try_cases(200);

using Merge = std::pair<std::string, std::string>;

/// Merges of the letters a to d and of what earlier merges made; each makes a token of its own.
std::vector<Merge> any_merges() {
  std::vector<std::string> symbols = {"a", "b", "c", "d"};
  std::vector<Merge> merges;
  for (const auto& [left, right] :
       *rc::gen::resize(12, rc::gen::arbitrary<std::vector<std::pair<unsigned char, unsigned char>>>())) {
    const Merge merge = {symbols[left % symbols.size()], symbols[right % symbols.size()]};
    if (std::ranges::find(symbols, merge.first + merge.second) != symbols.end()) continue;
    symbols.push_back(merge.first + merge.second);
    merges.push_back(merge);
  }
  return merges;
}

Tokenizer byte_level(const std::vector<Merge>& merges) {
  std::vector<std::string> spelt;
  for (const auto& [left, right] : merges) spelt.push_back(left + " " + right);
  return test::make_tokenizer(test::tiny_vocabulary(spelt));
}

/// Byte pair encoding by its definition: joins the leftmost pair of the earliest merge until no merge fits.
std::vector<std::string> merged_slowly(const std::string& word, const std::vector<Merge>& merges) {
  std::vector<std::string> symbols;
  for (const char c : word) symbols.emplace_back(1, c);
  for (bool joined = true; joined;) {
    joined = false;
    for (const auto& [left, right] : merges) {
      for (std::size_t i = 0; i + 1 < symbols.size() && !joined; ++i) {
        if (symbols[i] != left || symbols[i + 1] != right) continue;
        symbols[i] += symbols[i + 1];
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        joined = true;
      }
      if (joined) break;
    }
  }
  return symbols;
}

RC_GTEST_PROP(BpeProperties, DecodingUndoesEncoding, (const std::string& text)) {
  const Tokenizer tokenizer = byte_level(any_merges());
  RC_ASSERT(tokenizer.decode(tokenizer.encode(text, {.add_special = false})) == text);
}

RC_GTEST_PROP(BpeProperties, MergesAreThoseOfTheSlowDefinition, ()) {
  const auto merges = any_merges();
  const Tokenizer tokenizer = byte_level(merges);
  const auto word = *rc::gen::resize(30, rc::gen::container<std::string>(rc::gen::inRange('a', 'e')));
  std::vector<std::string> pieces;
  for (const Token token : tokenizer.encode(word)) pieces.push_back(tokenizer.piece(token));
  RC_ASSERT(pieces == merged_slowly(word, merges));
}

RC_GTEST_PROP(SentencePieceProperties, DecodingUndoesEncoding, (const std::string& text)) {
  RC_PRE(text.find("\xE2\x96\x81") == std::string::npos);  // U+2581 is the vocabulary's own spelling of a space
  TokenizerData data;
  data.model = "llama";
  data.add_space_prefix = false;
  data.tokens = {"<unk>", "\xE2\x96\x81"};
  data.types = {2, 1};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    data.tokens.emplace_back(name);
    data.types.push_back(6);
  }
  for (const auto& [left, right] : any_merges()) {
    data.tokens.push_back(*rc::gen::element<std::string>("", "\xE2\x96\x81") + left + right);
    data.types.push_back(1);
  }
  for (std::size_t i = 0; i < data.tokens.size(); ++i) data.scores.push_back(-static_cast<float>(i));
  const Tokenizer tokenizer = test::make_tokenizer(std::move(data));
  RC_ASSERT(tokenizer.decode(tokenizer.encode(text, {.add_special = false})) == text);
}

}  // namespace
}  // namespace mobiedit
