// Unicode's canonical composition, which some models' tokenizers apply to their text: "e" + U+0301 becomes "é".
#pragma once

#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// The form NFC of well-formed UTF-8: `text` itself where that is plainly so already, otherwise kept in `storage`.
[[nodiscard]] std::string_view compose(std::string_view text, std::string& storage);

}  // namespace mobiedit::tokenizer
