// Values as JSON, byte for byte as Python's json.dumps() writes them.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "chat/jinja/runtime.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::chat {
namespace {

std::string unit_escape(unsigned unit) {
  constexpr std::string_view figures = "0123456789abcdef";
  std::string text = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) text += figures[(unit >> shift) & 15];
  return text;
}

std::string ascii_escape(char32_t c) {
  if (c < 0x10000) return unit_escape(static_cast<unsigned>(c));
  const auto beyond = static_cast<unsigned>(c - 0x10000);
  return unit_escape(0xD800 + (beyond >> 10)) + unit_escape(0xDC00 + (beyond & 0x3FF));
}

class JsonWriter {
 public:
  JsonWriter(TextMaker& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(Value value) {
    const Level level(out_.budget());
    out_.budget().step();
    switch (value.kind()) {
      case Kind::none:
        return out_.append("null");
      case Kind::boolean:
        return out_.append(value.boolean() ? "true" : "false");
      case Kind::integer:
        return out_.append(std::to_string(value.integer()));
      case Kind::number:
        return out_.append(number(value.number()));
      case Kind::text:
        return text(value.text().value);
      case Kind::dict:
        return dict(value.dict());
      case Kind::list:
        if (value.list().type == List::Type::list || value.list().type == List::Type::tuple) return list(value.list());
        break;
      default:
        break;
    }
    fail_here("a " + type_name(value) + " cannot be written as JSON");
  }

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return number_text(value);
  }

  void text(const MarkedText& text) {
    const std::string& bytes = text.bytes();
    out_.append("\"");
    for (std::size_t at = 0; at < bytes.size();) {
      // Most text needs no escape and goes in one piece.
      std::size_t plain = at;
      while (plain < bytes.size() && !escapes(bytes[plain])) ++plain;
      out_.append(text, at, plain);
      if (plain == bytes.size()) break;
      const std::size_t length = character_length(bytes, plain);
      out_.append(escape(bytes, plain, length), text.is_input(plain, plain + length));
      at = plain + length;
    }
    out_.append("\"");
  }

  [[nodiscard]] bool escapes(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || c == '"' || c == '\\' || (style_.ascii && byte >= 0x80);
  }

  static std::string escape(const std::string& bytes, std::size_t at, std::size_t length) {
    constexpr std::string_view letters = "\"\\\n\r\t\b\f", names = "\"\\nrtbf";
    if (const std::size_t known = letters.find(bytes[at]); known != std::string_view::npos)
      return std::string("\\") + names[known];
    const bool sound = tokenizer::utf8_length(bytes, at) > 0;
    return ascii_escape(sound ? tokenizer::utf8_decode(bytes, at, length) : 0xFFFD);
  }

  void new_line() {
    if (!style_.indent) return;
    out_.append("\n");
    for (std::size_t i = 0; i < level_; ++i) out_.append(*style_.indent);
  }

  void list(const List& list) {
    if (list.items.empty()) return out_.append("[]");
    out_.append("[");
    ++level_;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out_.append(style_.item);
      new_line();
      write(list.items[i]);
    }
    --level_;
    new_line();
    out_.append("]");
  }

  void dict(const Dict& dict) {
    if (dict.entries.empty()) return out_.append("{}");
    std::vector<const Entry*> entries;
    for (const Entry& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort) {
      const bool texts = std::ranges::all_of(entries, [](const Entry* e) { return e->first.is(Kind::text); });
      if (!texts) fail_here("keys that are no texts cannot be sorted");
      std::ranges::sort(entries, {}, [](const Entry* e) { return e->first.text().view(); });
    }
    out_.append("{");
    ++level_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_.append(style_.item);
      new_line();
      key(entries[i]->first);
      out_.append(style_.key);
      write(entries[i]->second);
    }
    --level_;
    new_line();
    out_.append("}");
  }

  void key(Value key) {
    if (key.is(Kind::text)) return text(key.text().value);
    if (!key.is_number() && !key.is(Kind::none)) fail_here("a " + type_name(key) + " cannot be a key of JSON");
    out_.append("\"");
    write(key);
    out_.append("\"");
  }

  TextMaker& out_;
  const JsonStyle& style_;
  std::size_t level_ = 0;
};

}  // namespace

void write_json(TextMaker& out, Value value, const JsonStyle& style) {
  JsonWriter(out, style).write(value);
}

}  // namespace mobiedit::chat
