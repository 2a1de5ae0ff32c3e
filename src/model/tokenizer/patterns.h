// The splitting patterns that vocabularies name, and what else goes with the name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// How the text of a byte-level BPE is cut into words before merging.
struct Splitting {
  std::string_view name;                       ///< the value of tokenizer.ggml.pre
  std::span<const std::string_view> patterns;  ///< each is applied to the pieces that the one before left
  bool whole_words = false;  ///< a word that is in the vocabulary is that token, whatever the merges say
  bool adds_bos = false;     ///< unless the file says otherwise
  bool composes = false;     ///< the models' own tokenizers bring the text into Unicode's form NFC first
};

/// Null for a name that is not known.
[[nodiscard]] const Splitting* find_splitting(std::string_view name);

/// The names, for messages: "command-r, deepseek-coder, …".
[[nodiscard]] std::string known_splittings();

}  // namespace mobiedit::tokenizer
