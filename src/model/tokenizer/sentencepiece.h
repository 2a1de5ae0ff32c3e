// SentencePiece BPE (GGUF's "llama"): neighbours merge into the piece with the best score, the rest becomes bytes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/tokenizer.h"
#include "model/tokenizer/text_hash.h"

namespace mobiedit::tokenizer {

/// U+2581, the space of SentencePiece's vocabularies.
inline constexpr std::string_view word_space = "\xE2\x96\x81";

/// The byte that a token like "<0x0A>" stands for; nullopt for any other text.
[[nodiscard]] std::optional<unsigned char> byte_token_value(std::string_view text);

/// Immutable and safe to share between threads.
class SentencePieceEncoder {
 public:
  /// `data.types` has as many entries as `data.tokens`. Errors: bad_model (no score for each token).
  [[nodiscard]] static Result<SentencePieceEncoder> create(const TokenizerData& data);

  /// Appends the tokens of any bytes: a whole text, or the text between two special tokens. Puts a space in front if
  /// the vocabulary asks for one. A space counts as U+2581. A byte without a piece or a byte token becomes the unknown
  /// token, or nothing where the vocabulary has none.
  void encode(std::string_view text, std::vector<Token>& tokens) const;

 private:
  struct Piece {
    Token token;
    float score;
  };
  struct Symbol {
    std::uint32_t begin, size;  ///< size 0: merged into the one before
    std::uint32_t previous, next;
  };
  struct Candidate {
    float score;
    std::uint32_t left, size;  ///< size of both sides together; a stale candidate has another size
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  struct Scratch {
    std::vector<Symbol> symbols;
    std::vector<Candidate> queue;
  };
  void encode_stretch(std::string_view text, Scratch& scratch, std::vector<Token>& tokens) const;

  std::unordered_map<std::string, Piece, TextHash, std::equal_to<>> pieces_;
  std::size_t longest_piece_ = 0;
  std::array<Token, 256> bytes_{};  ///< negative: nothing
  bool adds_space_ = true;
  bool pieces_span_words_ = false;  ///< some piece has U+2581, a space, behind another character
};

}  // namespace mobiedit::tokenizer
