#include "model/tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

// Canonical composition, and none of the pairs that Unicode excludes from it.
constexpr auto nfc_options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

void append_decomposed(CodePoints& text, char32_t c) {
  std::array<utf8proc_int32_t, 8> parts{};  // Unicode's longest canonical decomposition has 4
  int last_class = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(), nfc_options, &last_class);
  if (count <= 0 || static_cast<std::size_t>(count) > parts.size()) {
    text.push_back(static_cast<utf8proc_int32_t>(c));
  } else {
    text.insert(text.end(), parts.begin(), parts.begin() + count);
  }
}

int combining_class(utf8proc_int32_t c) {
  return utf8proc_get_property(c)->combining_class;
}

/// Sorts each run of marks by combining class. utf8proc_decompose would do it too, in time that grows with the square
/// of a run's length, and a prompt may consist of marks.
void order_marks(CodePoints& text) {
  const auto is_mark = [](utf8proc_int32_t c) { return combining_class(c) != 0; };
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = std::find_if(at, text.end(), is_mark);
    const auto end = std::find_if_not(begin, text.end(), is_mark);
    std::stable_sort(begin, end, [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    at = end;
  }
}

/// Below U+0300 no character is a mark or the second of a pair, so two such neighbours need no work. The bytes of these
/// characters are below this one; the first byte of U+0300 and up is not.
constexpr unsigned char first_high_byte = 0xCC;

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= first_high_byte;
}

/// utf8proc 2.8 takes this vowel for a trailing consonant and drops it after a syllable. It composes with nothing
/// before it, so text can be cut there.
constexpr utf8proc_int32_t not_trailing = 0x11A7;

void append_composed(std::string& composed, std::string_view text, CodePoints& characters) {
  characters.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    append_decomposed(characters, utf8_decode(text, at, length));
    at += length;
  }
  order_marks(characters);
  for (auto begin = characters.begin(); begin != characters.end();) {
    const auto end = std::find(begin + 1, characters.end(), not_trailing);
    const auto count = utf8proc_normalize_utf32(&*begin, end - begin, nfc_options);
    for (utf8proc_ssize_t i = 0; i < count; ++i) utf8_append(composed, static_cast<char32_t>(begin[i]));
    begin = end;
  }
}

}  // namespace

std::string_view compose(std::string_view text, std::string& storage) {
  if (std::ranges::none_of(text, is_high)) return text;
  storage.clear();
  CodePoints characters;
  std::size_t done = 0;
  while (done < text.size()) {
    const auto high = static_cast<std::size_t>(
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(done), text.end(), is_high) - text.begin());
    // Marks may compose with the character before them, so the part begins there. It ends before the next low
    // character.
    std::size_t begin = high;
    if (begin > done && begin < text.size()) {
      do --begin;
      while ((static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80);
    }
    std::size_t end = high;
    while (end < text.size() && is_high(text[end])) end += utf8_length(text, end);
    storage += text.substr(done, begin - done);
    append_composed(storage, text.substr(begin, end - begin), characters);
    done = end;
  }
  return storage;
}

}  // namespace mobiedit::tokenizer
