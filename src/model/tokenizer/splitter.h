// Pre-tokenizer: cuts text at the matches of regular expressions. Matches and the gaps between them become words.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"

struct pcre2_real_code_8;

namespace mobiedit::tokenizer {

/// Immutable and safe to share between threads.
class Splitter {
 public:
  /// Patterns are Perl's, on Unicode properties; `\s` means Unicode's White_Space (Perl's own has U+180E too).
  [[nodiscard]] static Result<Splitter> create(std::span<const std::string_view> patterns);

  /// Replaces `words` by the pieces of `text`, in order and together exactly `text`; they borrow from it. `text` must
  /// be well-formed UTF-8.
  void split(std::string_view text, std::vector<std::string_view>& words) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::vector<std::unique_ptr<pcre2_real_code_8, Free>> stages_;
};

}  // namespace mobiedit::tokenizer
