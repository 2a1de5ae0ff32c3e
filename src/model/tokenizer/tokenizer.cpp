#include "mobiedit/model/tokenizer.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <variant>

#include "model/tokenizer/bpe.h"
#include "model/tokenizer/byte_mapping.h"
#include "model/tokenizer/patterns.h"
#include "model/tokenizer/special_tokens.h"

namespace mobiedit {

using namespace tokenizer;

struct Tokenizer::Vocabulary {
  explicit Vocabulary(BytePairEncoder made) : encoder(std::move(made)) {}

  BytePairEncoder encoder;
  std::vector<unsigned char> types;
  std::string piece_bytes;              ///< every token's bytes, one after the other
  std::vector<std::size_t> piece_ends;  ///< [vocab + 1], where they begin and end
  TokenFinder user_defined, special;    ///< special: user defined ones too
  std::vector<Token> ends;              ///< sorted
  std::optional<Token> bos, eos;
  bool add_bos = false, add_eos = false;

  [[nodiscard]] bool holds(Token token) const { return token >= 0 && static_cast<std::size_t>(token) < types.size(); }
  [[nodiscard]] std::string_view bytes(Token token, bool special_too) const {
    if (!holds(token)) return {};
    const auto id = static_cast<std::size_t>(token);
    if (!special_too && !may_come_from_text(types[id])) return {};
    return std::string_view(piece_bytes).substr(piece_ends[id], piece_ends[id + 1] - piece_ends[id]);
  }
};

namespace {

std::string bytes_of(const std::string& text, int type) {
  switch (type) {
    case normal:
      return spelled_bytes(text);
    case unknown:
    case control:
    case user_defined:
      return text;
    default:
      return {};
  }
}

/// Ids outside the vocabulary occur in real files; llama.cpp ignores them too.
std::optional<Token> within(std::optional<Token> token, std::size_t size) {
  return token && *token >= 0 && static_cast<std::size_t>(*token) < size ? token : std::nullopt;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::create(TokenizerData data) try {
  const std::size_t size = data.tokens.size();
  const auto bad = [](std::string what, std::string where, std::string hint = {}) {
    return fail(ErrorCode::bad_model, std::move(what), std::move(where), std::move(hint));
  };
  if (size == 0) return bad("the vocabulary is empty", "tokenizer.ggml.tokens");
  if (size > std::numeric_limits<Token>::max()) return bad("the vocabulary is too large", "tokenizer.ggml.tokens");
  if (!data.types.empty() && data.types.size() != size) {
    return bad(std::to_string(data.types.size()) + " types for " + std::to_string(size) + " tokens",
               "tokenizer.ggml.token_type");
  }
  if (data.types.empty()) data.types.assign(size, normal);
  for (std::size_t id = 0; id < size; ++id) {
    if (names_an_end(data.tokens[id])) data.types[id] = control;
  }
  if (data.model != "gpt2") {
    return bad("unknown tokenizer '" + data.model + "'", "tokenizer.ggml.model", "known: gpt2");
  }
  const Splitting* splitting = find_splitting(data.pre);
  if (splitting == nullptr) {
    return bad(data.pre.empty() ? "the file does not say how to split text into words"
                                : "unknown splitting pattern '" + data.pre + "'",
               "tokenizer.ggml.pre", "known: " + known_splittings());
  }
  auto encoder = BytePairEncoder::create(data, *splitting);
  if (!encoder) return std::unexpected(std::move(encoder.error()));

  auto vocabulary = std::make_unique<Vocabulary>(std::move(*encoder));
  vocabulary->types.reserve(size);
  vocabulary->piece_ends.reserve(size + 1);
  vocabulary->piece_ends.push_back(0);
  for (std::size_t id = 0; id < size; ++id) {
    const int type = data.types[id] >= 0 && data.types[id] <= byte ? data.types[id] : 0;
    const std::string& text = data.tokens[id];
    const auto token = static_cast<Token>(id);
    vocabulary->types.push_back(static_cast<unsigned char>(type));
    vocabulary->piece_bytes += bytes_of(text, type);
    vocabulary->piece_ends.push_back(vocabulary->piece_bytes.size());
    if (type == user_defined) vocabulary->user_defined.add(text, token);
    if (type == user_defined || type == control || type == unknown) vocabulary->special.add(text, token);
    if (names_an_end(text)) vocabulary->ends.push_back(token);
  }
  vocabulary->bos = within(data.bos, size);
  vocabulary->eos = within(data.eos, size);
  for (const auto end : {vocabulary->eos, within(data.eot, size)}) {
    if (end) vocabulary->ends.push_back(*end);
  }
  std::ranges::sort(vocabulary->ends);
  vocabulary->add_bos = data.add_bos.value_or(splitting->adds_bos);
  vocabulary->add_eos = data.add_eos.value_or(false);
  if (vocabulary->add_bos && !vocabulary->bos) {
    return bad("the vocabulary wants a BOS token and has none", "tokenizer.ggml.bos_token_id");
  }
  if (vocabulary->add_eos && !vocabulary->eos) {
    return bad("the vocabulary wants an EOS token and has none", "tokenizer.ggml.eos_token_id");
  }
  return Tokenizer(std::move(vocabulary));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the vocabulary");
}

std::vector<Token> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<Token> tokens;
  if (options.add_special && vocabulary_->add_bos) tokens.push_back(*vocabulary_->bos);
  const TokenFinder& finder = options.parse_special ? vocabulary_->special : vocabulary_->user_defined;
  std::size_t at = 0;
  while (const auto found = finder.find(text, at)) {
    vocabulary_->encoder.encode(text.substr(at, found->at - at), tokens);
    tokens.push_back(found->token);
    at = found->at + found->length;
  }
  vocabulary_->encoder.encode(text.substr(at), tokens);
  if (options.add_special && vocabulary_->add_eos) tokens.push_back(*vocabulary_->eos);
  return tokens;
}

std::string Tokenizer::decode(std::span<const Token> tokens, bool special) const {
  std::string text;
  for (const Token token : tokens) text += vocabulary_->bytes(token, special);
  return text;
}

std::string Tokenizer::piece(Token token, bool special) const {
  return std::string(vocabulary_->bytes(token, special));
}

int Tokenizer::size() const {
  return static_cast<int>(vocabulary_->types.size());
}
std::optional<Token> Tokenizer::bos() const {
  return vocabulary_->bos;
}
std::optional<Token> Tokenizer::eos() const {
  return vocabulary_->eos;
}
bool Tokenizer::adds_bos() const {
  return vocabulary_->add_bos;
}
bool Tokenizer::is_end(Token token) const {
  return std::ranges::binary_search(vocabulary_->ends, token);
}

}  // namespace mobiedit
