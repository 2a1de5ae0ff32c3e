// Byte-level byte pair encoding: words of bytes, merged pair by pair in the order of the vocabulary's merges.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/tokenizer.h"
#include "model/tokenizer/pair_table.h"
#include "model/tokenizer/patterns.h"
#include "model/tokenizer/splitter.h"
#include "model/tokenizer/text_hash.h"

namespace mobiedit::tokenizer {

/// Immutable and safe to share between threads.
class BytePairEncoder {
 public:
  /// `data.types` has as many entries as `data.tokens`. Control and unknown tokens are never made from plain text.
  [[nodiscard]] static Result<BytePairEncoder> create(const TokenizerData& data, const Splitting& splitting);

  /// Appends the tokens of any bytes. Each byte that is not part of UTF-8 is a word of its own. A byte whose token the
  /// vocabulary lacks gives nothing.
  void encode(std::string_view text, std::vector<Token>& tokens) const;

 private:
  struct Symbol {
    std::int32_t id;
    std::uint32_t previous, next;  ///< neighbours, each named by the byte where it begins
  };
  struct Candidate {
    std::int32_t rank;
    std::int32_t merged;
    std::uint32_t left;
    std::int32_t left_id, right_id;
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  struct Scratch {
    std::vector<std::string_view> words;
    std::vector<Symbol> symbols;
    std::vector<Candidate> queue;
    std::string composed;
  };

  BytePairEncoder(Splitter splitter, std::size_t merges) : splitter_(std::move(splitter)), merges_(merges) {}
  void encode_word(std::string_view word, Scratch& scratch, std::vector<Token>& tokens) const;

  Splitter splitter_;
  PairTable merges_;
  std::int32_t vocabulary_ = 0;  ///< symbols from here on are no tokens, only steps of merging
  std::array<std::int32_t, 256> bytes_{};
  std::unordered_map<std::string, Token, TextHash, std::equal_to<>> whole_words_;
  bool composes_ = false;
};

}  // namespace mobiedit::tokenizer
