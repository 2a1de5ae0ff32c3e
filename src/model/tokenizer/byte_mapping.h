// Byte-level BPE's spelling of bytes as visible characters, which makes vocabularies text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mobiedit::tokenizer {

/// The character that stands for a byte: itself where Latin-1 has a visible character, otherwise the next of U+0100,
/// U+0101, … (a space is U+0120, "Ġ").
[[nodiscard]] char32_t byte_to_character(unsigned char byte);
[[nodiscard]] std::optional<unsigned char> character_to_byte(char32_t character);

/// The bytes that a vocabulary entry spells. Characters that stand for no byte, and bytes that are not UTF-8, stay
/// unchanged.
[[nodiscard]] std::string spelled_bytes(std::string_view entry);

}  // namespace mobiedit::tokenizer
