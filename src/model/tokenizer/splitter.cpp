#include "model/tokenizer/splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>
#include <string>

#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

constexpr std::string_view white_space =
    "\\x09-\\x0D\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";

std::string spell_out_white_space(std::string_view pattern) {
  std::string spelled;
  bool in_class = false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\' && at + 1 < pattern.size()) {
      const char kind = pattern[++at];
      if (kind == 's') {
        spelled.append(in_class ? "" : "[").append(white_space).append(in_class ? "" : "]");
      } else if (kind == 'S' && !in_class) {
        spelled.append("[^").append(white_space).append("]");
      } else {
        spelled.append({c, kind});
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    spelled.push_back(c);
  }
  return spelled;
}

struct MatchData {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  MatchData() {
    if (data == nullptr) throw std::bad_alloc();
  }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  ~MatchData() { pcre2_match_data_free(data); }
};

void split_by(const pcre2_code* code, pcre2_match_data* match, std::string_view text,
              std::vector<std::string_view>& words) {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::size_t word = 0;    // begin of the current word
  std::size_t search = 0;  // begin of the search for the next match
  while (search < text.size()) {
    int found = pcre2_match(code, subject, text.size(), search, PCRE2_NO_UTF_CHECK, match, nullptr);
    // The compiled matcher has a small stack; the interpreter takes its memory from the heap.
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = pcre2_match(code, subject, text.size(), search, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, nullptr);
    }
    // No match, or a limit was hit: the rest is one word, which the merges still cover byte by byte.
    if (found < 0) break;
    const std::size_t* range = pcre2_get_ovector_pointer(match);
    if (range[1] == range[0]) {
      search = range[1] < text.size() ? range[1] + utf8_length(text, range[1]) : text.size();
      continue;
    }
    if (range[0] > word) words.push_back(text.substr(word, range[0] - word));
    words.push_back(text.substr(range[0], range[1] - range[0]));
    word = search = range[1];
  }
  if (word < text.size()) words.push_back(text.substr(word));
}

}  // namespace

void Splitter::Free::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

Result<Splitter> Splitter::create(std::span<const std::string_view> patterns) {
  Splitter splitter;
  for (const std::string_view pattern : patterns) {
    const std::string spelled = spell_out_white_space(pattern);
    int error = 0;
    std::size_t at = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_NO_AUTO_CAPTURE, &error, &at, nullptr);
    if (code == nullptr) {
      return fail(ErrorCode::other, "splitting pattern does not compile at " + std::to_string(at), spelled);
    }
    splitter.stages_.emplace_back(code);
    // Without PCRE2's just-in-time compiler its interpreter gives equal results, more slowly.
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  }
  return splitter;
}

void Splitter::split(std::string_view text, std::vector<std::string_view>& words) const {
  words.clear();
  if (text.empty()) return;
  words.push_back(text);
  const MatchData match;
  std::vector<std::string_view> pieces;
  for (const auto& stage : stages_) {
    pieces.swap(words);
    words.clear();
    for (const std::string_view piece : pieces) split_by(stage.get(), match.data, piece, words);
  }
}

}  // namespace mobiedit::tokenizer
