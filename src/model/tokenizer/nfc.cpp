#include "model/tokenizer/nfc.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "model/tokenizer/nfc_table.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

constexpr auto by_pair = [](const Decomposition& a, const Decomposition& b) {
  return a.first != b.first ? a.first < b.first : a.second < b.second;
};

constexpr std::size_t composition_count = std::ranges::count_if(decompositions, &Decomposition::composes);

constexpr auto compositions = [] {
  std::array<Decomposition, composition_count> sorted{};
  std::ranges::copy_if(decompositions, sorted.begin(), &Decomposition::composes);
  std::ranges::sort(sorted, by_pair);
  return sorted;
}();

static_assert(std::ranges::is_sorted(decompositions, {}, &Decomposition::composed));
static_assert(std::ranges::is_sorted(class_ranges, {}, &ClassRange::first));

// Hangul syllables are arithmetic: leading consonant, vowel and perhaps a trailing consonant.
constexpr char32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, trails = 0x11A7;
constexpr char32_t lead_count = 19, vowel_count = 21, trail_count = 28;
constexpr char32_t syllable_count = lead_count * vowel_count * trail_count;

unsigned combining_class(char32_t c) {
  if (c < class_ranges.front().first) return 0;
  const auto range = std::ranges::lower_bound(class_ranges, c, {}, &ClassRange::last);
  return range != class_ranges.end() && c >= range->first ? range->combining_class : 0;
}

void append_decomposed(std::u32string& text, char32_t c) {
  if (c >= syllables && c < syllables + syllable_count) {
    const char32_t index = c - syllables;
    text.push_back(leads + index / (vowel_count * trail_count));
    text.push_back(vowels + index / trail_count % vowel_count);
    if (index % trail_count != 0) text.push_back(trails + index % trail_count);
    return;
  }
  const auto found = std::ranges::lower_bound(decompositions, c, {}, &Decomposition::composed);
  if (found == decompositions.end() || found->composed != c) {
    text.push_back(c);
    return;
  }
  // Only the first of a pair can be decomposed further, a few steps at most.
  append_decomposed(text, found->first);
  if (found->second != 0) text.push_back(found->second);
}

/// 0 if the two do not compose.
char32_t composed(char32_t first, char32_t second) {
  if (first >= leads && first < leads + lead_count && second >= vowels && second < vowels + vowel_count) {
    return syllables + ((first - leads) * vowel_count + (second - vowels)) * trail_count;
  }
  if (first >= syllables && first < syllables + syllable_count && (first - syllables) % trail_count == 0 &&
      second > trails && second < trails + trail_count) {
    return first + (second - trails);
  }
  const auto found = std::ranges::lower_bound(compositions, Decomposition{0, first, second, true}, by_pair);
  return found != compositions.end() && found->first == first && found->second == second ? found->composed : 0;
}

void order_marks(std::u32string& text) {
  for (std::size_t at = 0; at < text.size();) {
    if (combining_class(text[at]) == 0) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && combining_class(text[end]) != 0) ++end;
    std::stable_sort(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    at = end;
  }
}

void compose_pairs(std::u32string& text) {
  std::size_t kept = 0;
  std::size_t starter = text.size();  // none yet
  unsigned last_class = 0;            // of what was kept since the starter; 0 right after it
  for (const char32_t c : text) {
    const unsigned combining = combining_class(c);
    // A mark composes with the starter unless a mark of its class, or another starter, stands between.
    if (starter < kept && (kept == starter + 1 || (last_class != 0 && last_class < combining))) {
      if (const char32_t both = composed(text[starter], c)) {
        text[starter] = both;
        continue;
      }
    }
    if (combining == 0) starter = kept;
    last_class = combining;
    text[kept++] = c;
  }
  text.resize(kept);
}

/// Below U+0300 no character is a mark or the second of a pair, so two such neighbours have nothing to do with each
/// other. The bytes of these characters are below this one, the first of U+0300 and up is not.
constexpr unsigned char first_high_byte = 0xCC;

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= first_high_byte;
}

void append_composed(std::string& composed, std::string_view text, std::u32string& characters) {
  characters.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    append_decomposed(characters, utf8_decode(text, at, length));
    at += length;
  }
  order_marks(characters);
  compose_pairs(characters);
  for (const char32_t c : characters) utf8_append(composed, c);
}

}  // namespace

std::string_view compose(std::string_view text, std::string& storage) {
  if (std::ranges::none_of(text, is_high)) return text;
  storage.clear();
  std::u32string characters;
  std::size_t done = 0;
  while (done < text.size()) {
    const auto high = static_cast<std::size_t>(
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(done), text.end(), is_high) - text.begin());
    // From the character before, which marks may compose with, up to the next low one.
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
