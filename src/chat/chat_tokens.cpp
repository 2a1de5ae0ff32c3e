// Renderings as token ids.
#include <string>

#include "mobiedit/chat/chat_template.h"

namespace mobiedit {

std::vector<Token> tokens_of(const ChatText& text, const Tokenizer& tokenizer) {
  std::string whole;
  std::vector<ByteRange> input;
  for (const ChatPiece& piece : text.pieces) {
    if (piece.input) input.push_back({whole.size(), whole.size() + piece.text.size()});
    whole += piece.text;
  }
  std::vector<Token> tokens = tokenizer.encode(whole, {.add_special = false, .parse_special = true}, input);
  // Many templates write the BOS token themselves.
  const auto bos = tokenizer.bos();
  if (tokenizer.adds_bos() && bos && (tokens.empty() || tokens.front() != *bos)) tokens.insert(tokens.begin(), *bos);
  return tokens;
}

}  // namespace mobiedit
