// Tokens that stand for more than text: which ones they are, and how to find their names in a text.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/model/tokenizer.h"

namespace mobiedit::tokenizer {

/// GGUF's `tokenizer.ggml.token_type`.
enum TokenType : int { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

/// Whether the encoders may give this token for plain text.
[[nodiscard]] constexpr bool may_come_from_text(int type) {
  return type != control && type != unknown;
}

/// Finds the names of a set of tokens in a text: the leftmost first, of those that begin at one place the longest.
class TokenFinder {
 public:
  struct Name {
    std::string text;
    Token token;
  };
  /// Of equal names the first counts; empty ones are never found.
  explicit TokenFinder(std::vector<Name> names = {});

  struct Found {
    std::size_t at, length;
    Token token;
  };
  [[nodiscard]] std::optional<Found> find(std::string_view text) const;

 private:
  struct Range {
    std::size_t begin = 0, end = 0;
  };
  /// Of the names in `range`, which agree up to `depth`, those that have `byte` there.
  [[nodiscard]] Range narrow(Range range, std::size_t depth, unsigned char byte) const;

  std::vector<Name> names_;  ///< sorted
  std::array<Range, 256> by_first_byte_;
};

/// What a token's name says whatever type the file gives it, by the names that llama.cpp looks for.
enum class NameMeans { nothing, control, end_of_generation };
[[nodiscard]] NameMeans meaning_of(std::string_view name);

}  // namespace mobiedit::tokenizer
