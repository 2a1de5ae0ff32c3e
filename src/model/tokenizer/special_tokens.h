// Special tokens: their kinds, and a search for their names in a text.
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

/// Returns true if encoders may produce this token from plain text.
[[nodiscard]] constexpr bool may_come_from_text(int type) {
  return type != control && type != unknown;
}

/// Finds the names of a set of tokens in a text: leftmost first, then longest.
class TokenFinder {
 public:
  struct Name {
    std::string text;
    Token token;
  };
  /// With equal names the first counts. Empty names are never found.
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
  /// The names in `range` that have `byte` at `depth`; all of the range agree before it.
  [[nodiscard]] Range narrow(Range range, std::size_t depth, unsigned char byte) const;

  std::vector<Name> names_;  ///< sorted
  std::array<Range, 256> by_first_byte_;
};

/// Roles that a token has by its name alone, with the names that llama.cpp looks for.
enum class NameMeans { nothing, control, end_of_generation };
[[nodiscard]] NameMeans meaning_of(std::string_view name);

}  // namespace mobiedit::tokenizer
