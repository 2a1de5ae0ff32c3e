#include "chat/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "chat/jinja/budget.h"
#include "chat/jinja/text.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::chat {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// With "\n" as every end of line, and without the last one, as Jinja reads a template.
std::string normalised(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source[at] == '\r') {
      text += '\n';
      if (at + 1 < source.size() && source[at + 1] == '\n') ++at;
    } else {
      text += source[at];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

// The longest first.
constexpr std::array<std::string_view, 26> symbols{"**", "//", "==", "!=", ">=", "<=", "+", "-", "/",
                                                   "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                   ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

class TemplateLexer {
 public:
  explicit TemplateLexer(std::string_view source) : source_(normalised(source)) {}

  std::vector<LexedToken> run() {
    while (at_ < source_.size()) outside();
    add(Lexeme::end, "");
    return std::move(tokens_);
  }

 private:
  void add(Lexeme type, std::string text) { tokens_.push_back({type, std::move(text), line_}); }
  [[nodiscard]] bool sees(std::string_view text) const {
    return std::string_view(source_).substr(at_).starts_with(text);
  }
  void advance(std::size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  /// Reads text up to the next tag, and then that tag.
  void outside() {
    std::size_t tag = at_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        tag = std::string::npos;
        break;
      }
      const char next = source_[tag + 1];
      if (next == '%' || next == '{' || next == '#') break;
    }
    if (tag == std::string::npos) {
      add(Lexeme::data, source_.substr(at_));
      advance(source_.size());
      return;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const std::size_t end = end_of_text(tag, kind, sign);
    if (end > at_) add(Lexeme::data, source_.substr(at_, end - at_));
    advance(tag + (sign == '-' || sign == '+' ? 3 : 2));
    line_starts_ = false;
    if (kind == '#') {
      comment();
    } else if (kind == '{') {
      add(Lexeme::open_value, "");
      inside(Lexeme::close_value, '}');
    } else if (const std::size_t body = raw_begins(); body != 0) {
      raw(body);
    } else {
      add(Lexeme::open_block, "");
      inside(Lexeme::close_block, '%');
    }
  }

  [[nodiscard]] std::size_t end_of_text(std::size_t tag, char kind, char sign) const {
    if (sign == '-') return cut_space(source_, at_, tag);
    if (sign == '+' || kind == '{') return tag;
    const std::size_t newline = tag > at_ ? source_.rfind('\n', tag - 1) : std::string::npos;
    const bool in_text = newline != std::string::npos && newline >= at_;
    const std::size_t line = in_text ? newline + 1 : at_;
    if (!in_text && !line_starts_) return tag;
    return skip_space(source_, line, tag) == tag ? line : tag;
  }

  /// Moves behind the end of a block or comment, and behind the white space that the tag removes.
  void close(std::size_t after, char sign) {
    std::size_t end = after;
    if (sign == '-') {
      end = skip_space(source_, after, source_.size());
    } else if (sign != '+' && end < source_.size() && source_[end] == '\n') {
      ++end;
    }
    advance(end);
    line_starts_ = source_[end - 1] == '\n';
  }

  void comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) fail_at(line_, "a comment has no end");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    close(end + 2, sign);
  }

  /// Position after the tag `{% raw %}`, if that is the tag here; otherwise 0.
  [[nodiscard]] std::size_t raw_begins() const {
    std::size_t at = skip_space(source_, at_, source_.size());
    if (!std::string_view(source_).substr(at).starts_with("raw")) return 0;
    at = skip_space(source_, at + 3, source_.size());
    const std::string_view rest = std::string_view(source_).substr(at);
    if (rest.starts_with("-%}")) return skip_space(source_, at + 3, source_.size());
    return rest.starts_with("%}") ? at + 2 : 0;
  }

  void raw(std::size_t body) {
    advance(body);
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos; tag = source_.find("{%", tag + 2)) {
      std::size_t at = tag + 2;
      const char sign = at < source_.size() ? source_[at] : '\0';
      if (sign == '-' || sign == '+') ++at;
      at = skip_space(source_, at, source_.size());
      if (!std::string_view(source_).substr(at).starts_with("endraw")) continue;
      at = skip_space(source_, at + 6, source_.size());
      const char last = at < source_.size() ? source_[at] : '\0';
      if (last == '-' || last == '+') ++at;
      if (!std::string_view(source_).substr(at).starts_with("%}")) continue;
      const std::size_t end = end_of_text(tag, '%', sign);
      if (end > at_) add(Lexeme::data, source_.substr(at_, end - at_));
      close(at + 2, last);
      return;
    }
    fail_at(line_, "a raw block has no end");
  }

  /// Reads the inside of a tag, to its end.
  void inside(Lexeme closing, char close_with) {
    const int first_line = line_;
    std::string open;  // brackets
    while (true) {
      advance(skip_space(source_, at_, source_.size()));
      if (at_ >= source_.size()) fail_at(first_line, "a tag has no end");
      if (open.empty() && tag_ends(closing, close_with)) return;
      const char c = source_[at_];
      if (name_start(c)) {
        name();
      } else if (digit(c)) {
        number();
      } else if (c == '\'' || c == '"') {
        string(c);
      } else {
        symbol(open);
      }
    }
  }

  bool tag_ends(Lexeme closing, char close_with) {
    const char sign = source_[at_];
    const std::size_t at = at_ + (sign == '-' || (sign == '+' && close_with == '%') ? 1 : 0);
    if (source_.compare(at, 2, std::string{close_with, '}'}) != 0) return false;
    add(closing, "");
    if (close_with == '%') {
      close(at + 2, sign);
    } else {
      advance(sign == '-' ? skip_space(source_, at + 2, source_.size()) : at + 2);
      line_starts_ = source_[at_ - 1] == '\n';
    }
    return true;
  }

  void name() {
    std::size_t end = at_;
    while (end < source_.size() && (name_start(source_[end]) || digit(source_[end]))) ++end;
    add(Lexeme::name, source_.substr(at_, end - at_));
    at_ = end;
  }

  void number() {
    const auto digits = [&](std::size_t at) {
      while (at < source_.size() &&
             (digit(source_[at]) || (source_[at] == '_' && at + 1 < source_.size() && digit(source_[at + 1]))))
        ++at;
      return at;
    };
    const auto is_digit = [&](std::size_t at) { return at < source_.size() && digit(source_[at]); };
    std::size_t end = digits(at_);
    bool fraction = false;
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (!after_dot) {
      if (end < source_.size() && source_[end] == '.' && is_digit(end + 1)) {
        fraction = true;
        end = digits(end + 1);
      }
      if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
        std::size_t power = end + 1;
        if (power < source_.size() && (source_[power] == '+' || source_[power] == '-')) ++power;
        if (is_digit(power)) {
          fraction = true;
          end = digits(power);
        }
      }
    }
    std::string text = source_.substr(at_, end - at_);
    std::erase(text, '_');
    if (end < source_.size() && name_start(source_[end])) fail_at(line_, "'" + text + source_[end] + "' is no number");
    add(fraction ? Lexeme::number : Lexeme::integer, std::move(text));
    at_ = end;
  }

  void string(char quote) {
    const int first_line = line_;
    std::string text;
    std::size_t at = at_ + 1;
    while (true) {
      if (at >= source_.size()) fail_at(first_line, "a string has no end");
      const char c = source_[at];
      if (c == quote) break;
      if (c == '\\' && at + 1 < source_.size()) {
        at = escape(text, at + 1);
      } else {
        text += c;
        ++at;
      }
    }
    add(Lexeme::string, std::move(text));
    advance(at + 1);
  }

  /// Python's escapes; gives the place behind.
  std::size_t escape(std::string& text, std::size_t at) const {
    constexpr std::string_view letters = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
    const char c = source_[at];
    if (const std::size_t known = letters.find(c); known != std::string_view::npos) {
      text += values[known];
      return at + 1;
    }
    if (c == '\n') return at + 1;
    if (c >= '0' && c <= '7') return code_point(text, at, 3, 8);
    if (c == 'x') return code_point(text, at + 1, 2, 16);
    if (c == 'u') return code_point(text, at + 1, 4, 16);
    if (c == 'U') return code_point(text, at + 1, 8, 16);
    if (c == 'N') fail_at(line_, "the escape '\\N' is not supported", errors::unsupported);
    text += '\\';
    return at;
  }

  std::size_t code_point(std::string& text, std::size_t at, std::size_t most, unsigned base) const {
    char32_t value = 0;
    std::size_t count = 0;
    for (; count < most && at < source_.size(); ++count, ++at) {
      const char c = source_[at];
      const unsigned figure = digit(c)               ? static_cast<unsigned>(c - '0')
                              : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                              : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10
                                                     : 99;
      if (figure >= base) break;
      value = value * base + figure;
    }
    const bool whole = base == 8 || count == most;
    if (!whole || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      fail_at(line_, "a string has a broken escape");
    tokenizer::utf8_append(text, value);
    return at;
  }

  void symbol(std::string& open) {
    const auto found = std::ranges::find_if(symbols, [&](std::string_view s) { return sees(s); });
    if (found == symbols.end()) {
      fail_at(line_, "unexpected character '" + source_.substr(at_, character_length(source_, at_)) + "'");
    }
    const char c = found->front();
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) fail_at(line_, std::string("unexpected '") + c + "'");
      open.pop_back();
    }
    add(Lexeme::symbol, std::string(*found));
    at_ += found->size();
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  ///< white space alone stands between the last end of line and here
  std::vector<LexedToken> tokens_;
};

}  // namespace

std::vector<LexedToken> lex(std::string_view source) {
  return TemplateLexer(source).run();
}

}  // namespace mobiedit::chat
