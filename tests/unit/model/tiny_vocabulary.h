// Byte-level vocabularies small enough to work out by hand.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/model/tokenizer.h"
#include "model/tokenizer/byte_mapping.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::test {

/// Token b is byte b; then come the merges' results in their order, then `specials` as control tokens.
inline TokenizerData tiny_vocabulary(const std::vector<std::string>& merges, std::string pre = "gpt-2",
                                     const std::vector<std::string>& specials = {}) {
  TokenizerData data;
  data.model = "gpt2";
  data.pre = std::move(pre);
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string& token = data.tokens.emplace_back();
    tokenizer::utf8_append(token, tokenizer::byte_to_character(static_cast<unsigned char>(byte)));
  }
  for (const std::string& merge : merges) {
    std::string& token = data.tokens.emplace_back(merge);
    token.erase(token.find(' '), 1);
  }
  data.merges = merges;
  data.types.assign(data.tokens.size(), 1);
  for (const std::string& special : specials) {
    data.tokens.push_back(special);
    data.types.push_back(3);
  }
  return data;
}

inline Tokenizer make_tokenizer(TokenizerData data) {
  auto tokenizer = Tokenizer::create(std::move(data));
  if (!tokenizer) throw std::runtime_error(tokenizer.error().message());
  return std::move(*tokenizer);
}

/// "the| quick": the pieces of the tokens.
inline std::string pieces(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  std::string joined;
  for (const Token token : tokenizer.encode(text, options)) {
    if (!joined.empty()) joined += '|';
    joined += tokenizer.piece(token, true);
  }
  return joined;
}

}  // namespace mobiedit::test
