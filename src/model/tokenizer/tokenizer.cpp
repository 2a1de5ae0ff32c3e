#include "mobiedit/model/tokenizer.h"

#include <algorithm>
#include <limits>
#include <new>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/try.h"
#include "mobiedit/model/tokenizer_errors.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/byte_mapping.h"
#include "model/tokenizer/patterns.h"
#include "model/tokenizer/sentencepiece.h"
#include "model/tokenizer/special_tokens.h"

namespace mobiedit {

using namespace tokenizer;

struct Tokenizer::Vocabulary {
  using Encoder = std::variant<BytePairEncoder, SentencePieceEncoder>;
  explicit Vocabulary(Encoder made) : encoder(std::move(made)) {}

  Encoder encoder;
  std::vector<bool> hidden;             ///< [vocab], shown only on request
  std::string piece_bytes;              ///< the bytes of all tokens, without gaps
  std::vector<std::size_t> piece_ends;  ///< [vocab + 1], bounds in piece_bytes
  TokenFinder user_defined, special;    ///< special: user defined ones too
  std::vector<Token> ends;              ///< sorted
  std::optional<Token> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<std::string> warnings;

  [[nodiscard]] bool holds(Token token) const { return token >= 0 && static_cast<std::size_t>(token) < hidden.size(); }

  [[nodiscard]] std::string_view bytes(Token token, bool special_too) const {
    if (!holds(token)) return {};
    const auto id = static_cast<std::size_t>(token);
    if (hidden[id] && !special_too) return {};
    return std::string_view(piece_bytes).substr(piece_ends[id], piece_ends[id + 1] - piece_ends[id]);
  }

  void encode_plain(std::string_view text, std::vector<Token>& tokens) const {
    std::visit([&](const auto& kind) { kind.encode(text, tokens); }, encoder);
  }

  /// Text in which user-defined tokens alone are taken by their names.
  void encode_words(std::string_view text, std::vector<Token>& tokens) const {
    while (!text.empty()) {
      const auto found = user_defined.find(text);
      encode_plain(text.substr(0, found ? found->at : text.size()), tokens);
      if (!found) break;
      tokens.push_back(found->token);
      text.remove_prefix(found->at + found->length);
    }
  }
};

namespace {

/// Ids outside the vocabulary occur in real files for "none"; llama.cpp ignores them too.
std::optional<Token> within(std::optional<Token> token, std::size_t size) {
  return token && *token >= 0 && static_cast<std::size_t>(*token) < size ? token : std::nullopt;
}

/// Names of special tokens that merges can produce, which makes them ordinary text, such as Qwen's "</s>".
std::unordered_set<std::string> merged_names(const std::vector<std::string>& merges) {
  std::unordered_set<std::string> names;
  for (std::string merge : merges) {
    if (const std::size_t space = merge.find(' ', 1); space != std::string::npos) merge.erase(space, 1);
    if (meaning_of(merge) != NameMeans::nothing) names.insert(std::move(merge));
  }
  return names;
}

std::string with_spaces(std::string_view text) {
  std::string spaced;
  for (std::size_t at = 0; at < text.size();) {
    const bool space = text.substr(at).starts_with(word_space);
    spaced += space ? ' ' : text[at];
    at += space ? word_space.size() : 1;
  }
  return spaced;
}

std::string bytes_of(const std::string& text, int type, bool sentencepiece) {
  switch (type) {
    case normal:
      return sentencepiece ? with_spaces(text) : spelled_bytes(text);
    case unknown:
    case control:
    case user_defined:
      return text;
    case byte:
      if (const auto value = byte_token_value(text)) return std::string(1, static_cast<char>(*value));
      return {};
    default:
      return {};
  }
}

Result<const Splitting*> splitting_of(const std::string& name) {
  if (const Splitting* splitting = find_splitting(name); splitting != nullptr) return splitting;
  return fail(tokenizer_errors::pattern, "unknown splitting pattern '" + name + "'", "tokenizer.ggml.pre",
              "known: " + known_splittings());
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::create(TokenizerData data) try {
  const std::size_t size = data.tokens.size();
  const bool sentencepiece = data.model == "llama";
  if (!sentencepiece && data.model != "gpt2") {
    return fail(tokenizer_errors::model,
                data.model.empty() ? "the file has no tokenizer" : "unknown tokenizer '" + data.model + "'",
                "tokenizer.ggml.model", "known: gpt2, llama");
  }
  // Far more than any vocabulary has; ids and the steps between them stay within 32 bits.
  if (size == 0 || size > std::numeric_limits<Token>::max() / 8) {
    return fail(tokenizer_errors::tokens, std::to_string(size) + " tokens", "tokenizer.ggml.tokens");
  }
  if (data.types.empty()) data.types.assign(size, normal);
  if (data.types.size() != size) {
    return fail(tokenizer_errors::types,
                std::to_string(data.types.size()) + " types for " + std::to_string(size) + " tokens",
                "tokenizer.ggml.token_type");
  }
  std::vector<Token> ends;
  const auto merged = merged_names(data.merges);
  for (std::size_t id = 0; id < size; ++id) {
    const NameMeans meaning = meaning_of(data.tokens[id]);
    if (meaning == NameMeans::nothing || (data.types[id] == normal && merged.contains(data.tokens[id]))) continue;
    data.types[id] = control;
    if (meaning == NameMeans::end_of_generation) ends.push_back(static_cast<Token>(id));
  }
  data.unknown = within(data.unknown ? data.unknown : sentencepiece ? std::optional(0) : std::nullopt, size);

  bool adds_bos = sentencepiece;
  std::unique_ptr<Vocabulary> vocabulary;
  if (sentencepiece) {
    MOBIEDIT_TRY(auto encoder, SentencePieceEncoder::create(data));
    vocabulary = std::make_unique<Vocabulary>(std::move(encoder));
  } else {
    // llama.cpp splits so where the file names no pattern.
    const bool named = !data.pre.empty();
    MOBIEDIT_TRY(const auto splitting, splitting_of(named ? data.pre : "default"));
    MOBIEDIT_TRY(auto encoder, BytePairEncoder::create(data, *splitting));
    adds_bos = splitting->adds_bos;
    vocabulary = std::make_unique<Vocabulary>(std::move(encoder));
    if (!named)
      vocabulary->warnings.emplace_back(
          "the model names no splitting pattern (tokenizer.ggml.pre): words are split as llama.cpp's 'default' does, "
          "which may not be how the model was trained");
  }

  std::vector<TokenFinder::Name> user_defined_names, special_names;
  vocabulary->hidden.reserve(size);
  vocabulary->piece_ends.reserve(size + 1);
  vocabulary->piece_ends.push_back(0);
  for (std::size_t id = 0; id < size; ++id) {
    const int type = data.types[id];
    const std::string& text = data.tokens[id];
    const auto token = static_cast<Token>(id);
    vocabulary->hidden.push_back(!may_come_from_text(type));
    vocabulary->piece_bytes += bytes_of(text, type, sentencepiece);
    vocabulary->piece_ends.push_back(vocabulary->piece_bytes.size());
    if (type == user_defined) user_defined_names.push_back({text, token});
    if (type == user_defined || type == control || type == unknown) special_names.push_back({text, token});
  }
  vocabulary->user_defined = TokenFinder(std::move(user_defined_names));
  vocabulary->special = TokenFinder(std::move(special_names));

  // SentencePiece's own defaults, for old files that leave them out.
  vocabulary->bos = within(data.bos ? data.bos : sentencepiece ? std::optional(1) : std::nullopt, size);
  vocabulary->eos = within(data.eos ? data.eos : sentencepiece ? std::optional(2) : std::nullopt, size);
  data.other_ends.insert(data.other_ends.end(), ends.begin(), ends.end());
  for (const auto token : {vocabulary->eos, data.eot}) {
    if (token) data.other_ends.push_back(*token);
  }
  std::erase_if(data.other_ends, [&](Token token) { return !vocabulary->holds(token); });
  std::ranges::sort(data.other_ends);
  vocabulary->ends = std::move(data.other_ends);

  vocabulary->add_bos = data.add_bos.value_or(adds_bos);
  vocabulary->add_eos = data.add_eos.value_or(false);
  if (vocabulary->add_bos && !vocabulary->bos) {
    return fail(tokenizer_errors::special, "the vocabulary wants a BOS token and has none",
                "tokenizer.ggml.bos_token_id");
  }
  if (vocabulary->add_eos && !vocabulary->eos) {
    return fail(tokenizer_errors::special, "the vocabulary wants an EOS token and has none",
                "tokenizer.ggml.eos_token_id");
  }
  return Tokenizer(std::move(vocabulary));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the vocabulary");
}

std::vector<Token> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  return encode(text, options, {});
}

std::vector<Token> Tokenizer::encode(std::string_view text, EncodeOptions options,
                                     std::span<const ByteRange> plain) const {
  std::vector<Token> tokens;
  if (options.add_special && vocabulary_->add_bos) tokens.push_back(*vocabulary_->bos);
  if (!options.parse_special) {
    vocabulary_->encode_words(text, tokens);
  } else {
    std::size_t done = 0;
    for (std::size_t begin = 0, next = 0; next <= plain.size(); ++next) {
      const std::size_t end = next < plain.size() ? plain[next].begin : text.size();
      while (const auto found = vocabulary_->special.find(text.substr(begin, end - begin))) {
        vocabulary_->encode_words(text.substr(done, begin + found->at - done), tokens);
        tokens.push_back(found->token);
        done = begin += found->at + found->length;
      }
      if (next < plain.size()) begin = plain[next].end;
    }
    vocabulary_->encode_words(text.substr(done), tokens);
  }
  if (options.add_end && vocabulary_->add_eos) tokens.push_back(*vocabulary_->eos);
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
  return static_cast<int>(vocabulary_->hidden.size());
}
std::optional<Token> Tokenizer::bos() const {
  return vocabulary_->bos;
}
std::optional<Token> Tokenizer::eos() const {
  return vocabulary_->eos;
}
const std::vector<std::string>& Tokenizer::warnings() const {
  return vocabulary_->warnings;
}
bool Tokenizer::adds_bos() const {
  return vocabulary_->add_bos;
}
bool Tokenizer::is_end(Token token) const {
  return std::ranges::binary_search(vocabulary_->ends, token);
}

}  // namespace mobiedit
