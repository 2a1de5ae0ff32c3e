// Splitting patterns by the names in tokenizer.ggml.pre, with the other settings that a name implies.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// Pre-tokenizer settings of a byte-level BPE.
struct Splitting {
  std::string_view name;                       ///< the value of tokenizer.ggml.pre
  std::span<const std::string_view> patterns;  ///< each splits the pieces of the one before
  bool whole_words = false;                    ///< a word in the vocabulary becomes its token without merges
  bool adds_bos = false;                       ///< unless the file says otherwise
  bool composes = false;                       ///< text is brought into Unicode's form NFC first
};

/// Null for an unknown name.
[[nodiscard]] const Splitting* find_splitting(std::string_view name);

/// The names, for messages: "command-r, deepseek-coder, …".
[[nodiscard]] std::string known_splittings();

}  // namespace mobiedit::tokenizer
