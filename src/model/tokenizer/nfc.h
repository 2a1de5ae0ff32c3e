// Unicode normalisation form NFC, by utf8proc: "e" + U+0301 becomes "é". Some tokenizers apply it to their text.
#pragma once

#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// NFC of well-formed UTF-8. Returns `text` itself where a quick test shows that it is composed, otherwise a view of
/// `storage`.
[[nodiscard]] std::string_view compose(std::string_view text, std::string& storage);

}  // namespace mobiedit::tokenizer
