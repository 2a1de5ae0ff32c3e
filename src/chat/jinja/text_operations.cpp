#include "chat/jinja/text_operations.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <string>

#include "model/tokenizer/utf8.h"

namespace mobiedit::chat {
namespace {

/// The character at text[at]; U+FFFD for a byte that is no UTF-8.
char32_t character_at(std::string_view text, std::size_t at) {
  const std::size_t length = tokenizer::utf8_length(text, at);
  return length == 0 ? char32_t{0xFFFD} : tokenizer::utf8_decode(text, at, length);
}

/// A character that becomes several in another case; utf8proc maps one character to one alone.
struct LongCase {
  char32_t character;
  std::string_view becomes;
};
constexpr std::array<LongCase, 10> long_upper_case{{{U'\u00DF', "SS"},
                                                    {U'\u0149', "\u02BCN"},
                                                    {U'\u01F0', "J\u030C"},
                                                    {U'\uFB00', "FF"},
                                                    {U'\uFB01', "FI"},
                                                    {U'\uFB02', "FL"},
                                                    {U'\uFB03', "FFI"},
                                                    {U'\uFB04', "FFL"},
                                                    {U'\uFB05', "ST"},
                                                    {U'\uFB06', "ST"}}};
constexpr LongCase dotted_i{U'\u0130', "i\u0307"};

/// The character in another case; empty where it stays.
std::string changed(char32_t c, bool upper) {
  if (const auto found = std::ranges::find(long_upper_case, c, &LongCase::character);
      upper && found != long_upper_case.end())
    return std::string(found->becomes);
  if (!upper && c == dotted_i.character) return std::string(dotted_i.becomes);
  const auto point = static_cast<utf8proc_int32_t>(c);
  const utf8proc_int32_t other = upper ? utf8proc_toupper(point) : utf8proc_tolower(point);
  std::string text;
  if (other != point) tokenizer::utf8_append(text, static_cast<char32_t>(other));
  return text;
}

bool cased(char32_t c) {
  return !changed(c, true).empty() || !changed(c, false).empty();
}

/// Writes the character at `at` in another case.
void append_changed(TextMaker& out, const MarkedText& text, std::size_t at, std::size_t length, bool upper) {
  const std::string& bytes = text.bytes();
  const char32_t c = character_at(bytes, at);
  if (!upper && c == 0x3A3) {
    // A capital sigma at the end of a word has a form of its own.
    std::size_t before = at;
    while (before > 0 && (static_cast<unsigned char>(bytes[--before]) & 0xC0) == 0x80) {
    }
    const bool follows = at > 0 && cased(character_at(bytes, before));
    const bool goes_on = at + length < bytes.size() && cased(character_at(bytes, at + length));
    if (follows && !goes_on) return out.append("\xCF\x82", text.is_input(at, at + length));
  }
  const std::string other = changed(c, upper);
  if (other.empty()) return out.append(text, at, at + length);
  out.append(other, text.is_input(at, at + length));
}

bool among(std::string_view characters, std::string_view one) {
  for (std::size_t at = 0; at < characters.size();) {
    const std::size_t length = character_length(characters, at);
    if (characters.substr(at, length) == one) return true;
    at += length;
  }
  return false;
}

Value part_value(Runtime& runtime, const MarkedText& text, std::size_t begin, std::size_t end) {
  return runtime.heap().text(text.part(begin, end));
}

std::vector<Value> split_at_space(Runtime& runtime, const MarkedText& text, std::int64_t most) {
  const std::string& bytes = text.bytes();
  std::vector<Value> parts;
  for (std::size_t at = skip_space(bytes, 0, bytes.size()); at < bytes.size();) {
    if (most >= 0 && static_cast<std::int64_t>(parts.size()) == most) {
      parts.push_back(part_value(runtime, text, at, cut_space(bytes, at, bytes.size())));
      break;
    }
    std::size_t end = at;
    while (end < bytes.size() && space_length(bytes, end) == 0) end += character_length(bytes, end);
    parts.push_back(part_value(runtime, text, at, end));
    at = skip_space(bytes, end, bytes.size());
  }
  return parts;
}

}  // namespace

MarkedText stripped(const MarkedText& text, const MarkedText* characters, Sides sides) {
  const std::string& bytes = text.bytes();
  std::size_t begin = 0, end = bytes.size();
  if (characters == nullptr) {
    if (sides != Sides::right) begin = skip_space(bytes, begin, end);
    if (sides != Sides::left) end = cut_space(bytes, begin, end);
    return text.part(begin, end);
  }
  const std::string_view view = bytes, set = characters->bytes();
  while (sides != Sides::right && begin < end) {
    const std::size_t length = character_length(view, begin);
    if (!among(set, view.substr(begin, length))) break;
    begin += length;
  }
  while (sides != Sides::left && end > begin) {
    std::size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(view[start]) & 0xC0) == 0x80) --start;
    if (!among(set, view.substr(start, end - start))) break;
    end = start;
  }
  return text.part(begin, end);
}

std::vector<Value> split(Runtime& runtime, const MarkedText& text, const MarkedText* separator, std::int64_t most,
                         bool from_right) {
  runtime.budget().step(text.size());
  const std::string& bytes = text.bytes();
  if (separator == nullptr) {
    if (from_right && most >= 0)
      fail_here("'rsplit' at white space with a limit is not supported", errors::unsupported);
    return split_at_space(runtime, text, most);
  }
  if (separator->empty()) fail_here("an empty separator");
  std::vector<std::size_t> places;
  const std::size_t width = separator->size();
  if (from_right) {
    std::size_t end = bytes.size();
    while (end >= width && (most < 0 || static_cast<std::int64_t>(places.size()) < most)) {
      const std::size_t at = bytes.rfind(separator->bytes(), end - width);
      if (at == std::string::npos) break;
      places.push_back(at);
      end = at;
    }
    std::ranges::reverse(places);
  } else {
    for (std::size_t at = 0; most < 0 || static_cast<std::int64_t>(places.size()) < most; at += width) {
      at = bytes.find(separator->bytes(), at);
      if (at == std::string::npos) break;
      places.push_back(at);
    }
  }
  std::vector<Value> parts;
  std::size_t begin = 0;
  for (const std::size_t at : places) {
    parts.push_back(part_value(runtime, text, begin, at));
    begin = at + width;
  }
  parts.push_back(part_value(runtime, text, begin, bytes.size()));
  runtime.budget().step(parts.size());
  return parts;
}

std::vector<Value> split_lines(Runtime& runtime, const MarkedText& text, bool keep_ends) {
  runtime.budget().step(text.size());
  const std::string& bytes = text.bytes();
  std::vector<Value> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character_length(bytes, at);
    const char32_t c = character_at(bytes, at);
    const bool ends = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!ends) {
      at += length;
      continue;
    }
    const std::size_t next = at + (c == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n' ? 2 : length);
    lines.push_back(part_value(runtime, text, begin, keep_ends ? next : at));
    at = begin = next;
  }
  if (begin < bytes.size()) lines.push_back(part_value(runtime, text, begin, bytes.size()));
  return lines;
}

MarkedText replaced(Runtime& runtime, const MarkedText& text, const MarkedText& old, const MarkedText& with,
                    std::int64_t most) {
  TextMaker out(runtime.budget());
  const std::string& bytes = text.bytes();
  std::int64_t count = 0;
  const auto more = [&] { return most < 0 || count < most; };
  std::size_t at = 0;
  if (old.empty()) {
    // Between all characters, as Python does it.
    for (; more(); ++count) {
      out.append(with);
      if (at >= bytes.size()) break;
      const std::size_t length = character_length(bytes, at);
      out.append(text, at, at + length);
      at += length;
    }
  } else {
    for (; more(); ++count) {
      const std::size_t found = bytes.find(old.bytes(), at);
      if (found == std::string::npos) break;
      out.append(text, at, found);
      out.append(with);
      at = found + old.size();
    }
  }
  if (at < bytes.size()) out.append(text, at, bytes.size());
  return out.take();
}

MarkedText in_case(Runtime& runtime, const MarkedText& text, Case wanted) {
  TextMaker out(runtime.budget());
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.bytes(), at);
    const bool upper =
        wanted == Case::upper || (wanted == Case::capitalized && at == 0) || (wanted == Case::title && !in_word);
    append_changed(out, text, at, length, upper);
    in_word = wanted == Case::title && cased(character_at(text.bytes(), at));
    at += length;
  }
  return out.take();
}

MarkedText in_title_filter_case(Runtime& runtime, const MarkedText& text) {
  TextMaker out(runtime.budget());
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.bytes(), at);
    append_changed(out, text, at, length, !in_word);
    in_word = space_length(text.bytes(), at) == 0 &&
              std::string_view("-({[<").find(text.bytes()[at]) == std::string_view::npos;
    at += length;
  }
  return out.take();
}

}  // namespace mobiedit::chat
