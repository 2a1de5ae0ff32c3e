// Values as text, in Python's words: str() and repr().
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "chat/jinja/runtime.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::chat {
namespace {

/// True for a character that Python's repr() writes as it is.
bool printable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ';
    default:
      return true;
  }
}

std::string escaped(char32_t c) {
  constexpr std::string_view figures = "0123456789abcdef";
  const int width = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  std::string text = width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U";
  for (int shift = 4 * (width - 1); shift >= 0; shift -= 4) text += figures[(c >> shift) & 15];
  return text;
}

void represent_text(TextMaker& out, const MarkedText& text) {
  const std::string& bytes = text.bytes();
  const char quote = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos ? '"' : '\'';
  out.append(std::string_view(&quote, 1));
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = tokenizer::utf8_length(bytes, at);
    const std::size_t end = at + std::max<std::size_t>(1, length);
    const char32_t c = length == 0 ? 0xFFFD : tokenizer::utf8_decode(bytes, at, length);
    const bool input = text.is_input(at, end);
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out.append("\\", input);
      out.append(text, at, end);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", input);
    } else if (printable(c)) {
      out.append(text, at, end);
    } else {
      out.append(escaped(c), input);
    }
    at = end;
  }
  out.append(std::string_view(&quote, 1));
}

class Printer {
 public:
  Printer(TextMaker& out, Budget& budget) : out_(out), budget_(budget) {}

  void represent(Value value) {
    const Level level(budget_);
    budget_.step();
    switch (value.kind()) {
      case Kind::text:
        return represent_text(out_, value.text().value);
      case Kind::list:
        return list(value.list());
      case Kind::dict:
        return dict(value.dict());
      case Kind::undefined:
        return out_.append("Undefined");
      default:
        return simple(value);
    }
  }

  void simple(Value value) {
    switch (value.kind()) {
      case Kind::undefined:
        return;
      case Kind::none:
        return out_.append("None");
      case Kind::boolean:
        return out_.append(value.boolean() ? "True" : "False");
      case Kind::integer:
        return out_.append(std::to_string(value.integer()));
      case Kind::number:
        return out_.append(number_text(value.number()));
      default:
        fail_here("a " + type_name(value) + " cannot be printed");
    }
  }

 private:
  void items(const std::vector<Value>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_.append(", ");
      represent(values[i]);
    }
  }

  void list(const List& list) {
    if (list.type != List::Type::list && list.type != List::Type::tuple)
      fail_here("a " + type_name(const_cast<List*>(&list)) + " cannot be printed");
    const bool tuple = list.type == List::Type::tuple;
    out_.append(tuple ? "(" : "[");
    items(list.items);
    if (tuple && list.items.size() == 1) out_.append(",");
    out_.append(tuple ? ")" : "]");
  }

  void dict(const Dict& dict) {
    out_.append("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries) {
      if (!first) out_.append(", ");
      first = false;
      represent(key);
      out_.append(": ");
      represent(value);
    }
    out_.append("}");
  }

  TextMaker& out_;
  Budget& budget_;
};

}  // namespace

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  // The shortest figures that give the number back, as d.ddde±xx.
  std::array<char, 40> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::string sign;
  if (text.front() == '-') {
    sign = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string figures(text.substr(0, e));
  std::erase(figures, '.');
  const int power = std::atoi(std::string(text.substr(e + 1)).c_str());
  if (power < -4 || power >= 16) {
    std::string result = sign + figures.substr(0, 1);
    if (figures.size() > 1) result += "." + figures.substr(1);
    const std::string size = std::to_string(std::abs(power));
    return result + (power < 0 ? "e-" : "e+") + (size.size() < 2 ? "0" : "") + size;
  }
  if (power < 0) return sign + "0." + std::string(static_cast<std::size_t>(-power - 1), '0') + figures;
  const auto whole = static_cast<std::size_t>(power) + 1;
  if (figures.size() <= whole) return sign + figures + std::string(whole - figures.size(), '0') + ".0";
  return sign + figures.substr(0, whole) + "." + figures.substr(whole);
}

void print(TextMaker& out, Value value) {
  if (value.is(Kind::text)) return out.append(value.text().value);
  Printer printer(out, out.budget());
  if (value.is(Kind::list) || value.is(Kind::dict)) return printer.represent(value);
  printer.simple(value);
}

MarkedText printed(Runtime& runtime, Value value) {
  TextMaker out(runtime.budget());
  print(out, value);
  return out.take();
}

}  // namespace mobiedit::chat
