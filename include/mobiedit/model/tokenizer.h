// Text to tokens and back, from what a GGUF file says of its vocabulary: the ids that the model's own tokenizer gives,
// and llama.cpp but for the exceptions that tests/tokenizer/README.md lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit::gguf {
class File;
}

namespace mobiedit {

using Token = std::int32_t;

/// Parts of a vocabulary: GGUF's `tokenizer.ggml.*` keys, checked for agreement in length only by `create`.
struct TokenizerData {
  std::string model;  ///< "gpt2" (byte-level BPE) or "llama" (SentencePiece)
  std::string pre;    ///< splitting pattern of a byte-level BPE: "qwen2", "llama-bpe", "gpt-2", "smollm", …
  std::vector<std::string> tokens;  ///< [vocab]
  std::vector<float> scores;        ///< [vocab], SentencePiece
  std::vector<int> types;           ///< [vocab]: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte
  std::vector<std::string> merges;  ///< "left right", best first
  std::optional<Token> bos, eos, unknown, padding, eot;
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  std::vector<Token> other_ends;  ///< more ids that end generation: EOM, the separators of fill-in-the-middle
};

struct EncodeOptions {
  bool add_special = true;     ///< BOS in front, if the model wants one
  bool parse_special = false;  ///< "<|im_end|>" in the text becomes that token
  bool add_end = false;        ///< EOS behind, if the model wants one: for whole documents, never for a prompt
};

/// The bytes [begin, end) of a text.
struct ByteRange {
  std::size_t begin, end;
};

/// Immutable and safe to share between threads.
class Tokenizer {
 public:
  /// Ids outside the vocabulary count as not given. Errors: bad_model (lists that do not fit together, a merge that is
  /// no pair, an unknown kind or splitting pattern, with its name and the known ones), out_of_memory.
  [[nodiscard]] static Result<Tokenizer> create(TokenizerData data);
  /// Errors: those of `create`, and bad_model for a `tokenizer.ggml.*` key of the wrong type. Keeps nothing of the
  /// file.
  [[nodiscard]] static Result<Tokenizer> from_file(const gguf::File& file);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Any bytes are accepted; what is not UTF-8 is encoded byte by byte. Text for Qwen is brought into Unicode's form
  /// NFC first. Plain text never gives a control token. Throws nothing but std::bad_alloc, here and below.
  [[nodiscard]] std::vector<Token> encode(std::string_view text, EncodeOptions options = {}) const;
  /// As `encode`, but the names of control tokens count only outside the ranges `plain`: there they stay text. Words
  /// run over the borders of ranges. `plain` is sorted, disjoint and within the text.
  [[nodiscard]] std::vector<Token> encode(std::string_view text, EncodeOptions options,
                                          std::span<const ByteRange> plain) const;
  /// The bytes of the tokens, one piece after the other; control and unknown tokens give nothing unless `special`. Ids
  /// outside the vocabulary give nothing. A piece can end within a character. SentencePiece's first word comes with the
  /// space that encoding put in front of it.
  [[nodiscard]] std::string decode(std::span<const Token> tokens, bool special = false) const;
  [[nodiscard]] std::string piece(Token token, bool special = false) const;

  [[nodiscard]] int size() const;
  [[nodiscard]] std::optional<Token> bos() const;
  [[nodiscard]] std::optional<Token> eos() const;
  /// Sentences for the user about a vocabulary that was read with an assumption. Usually empty.
  [[nodiscard]] const std::vector<std::string>& warnings() const;
  [[nodiscard]] bool adds_bos() const;
  /// True for a token that ends generation: EOS, EOT and their like, by the file's keys or by their names
  /// ("<|im_end|>", …).
  [[nodiscard]] bool is_end(Token token) const;

 private:
  struct Vocabulary;
  explicit Tokenizer(std::unique_ptr<const Vocabulary> vocabulary);
  std::unique_ptr<const Vocabulary> vocabulary_;
};

}  // namespace mobiedit
