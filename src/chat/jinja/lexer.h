// Lexer of templates: text, tags and what is in them. White space around tags goes as Jinja does it with trim_blocks
// and lstrip_blocks on, which is how models' templates are meant to be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit::chat {

enum class Lexeme : std::uint8_t {
  data,        ///< text outside tags
  open_value,  ///< {{
  close_value,
  open_block,  ///< {%
  close_block,
  name,
  string,  ///< with escapes resolved
  integer,
  number,
  symbol,  ///< an operator or a bracket
  end,
};

struct LexedToken {
  Lexeme type;
  std::string text;
  int line;
};

/// Ends with Lexeme::end. Throws Failure.
[[nodiscard]] std::vector<LexedToken> lex(std::string_view source);

}  // namespace mobiedit::chat
