#include "model/tokenizer/byte_mapping.h"

#include <array>

#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

constexpr bool visible(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr std::array<char32_t, 256> characters = [] {
  std::array<char32_t, 256> table{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) table[byte] = visible(byte) ? byte : next++;
  return table;
}();

constexpr char32_t end_of_characters = 0x100 + 256 - (0x7E - 0x21 + 1) - (0xAC - 0xA1 + 1) - (0xFF - 0xAE + 1);

constexpr std::array<short, end_of_characters> bytes = [] {
  std::array<short, end_of_characters> table{};
  table.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte) table[characters[byte]] = static_cast<short>(byte);
  return table;
}();

}  // namespace

char32_t byte_to_character(unsigned char byte) {
  return characters[byte];
}

std::optional<unsigned char> character_to_byte(char32_t character) {
  if (character >= end_of_characters || bytes[character] < 0) return std::nullopt;
  return static_cast<unsigned char>(bytes[character]);
}

std::string spelled_bytes(std::string_view entry) {
  std::string spelled;
  spelled.reserve(entry.size());
  for (std::size_t at = 0; at < entry.size();) {
    const std::size_t length = utf8_length(entry, at);
    if (length == 0) {
      spelled.push_back(entry[at++]);
      continue;
    }
    if (const auto byte = character_to_byte(utf8_decode(entry, at, length))) {
      spelled.push_back(static_cast<char>(*byte));
    } else {
      spelled.append(entry.substr(at, length));
    }
    at += length;
  }
  return spelled;
}

}  // namespace mobiedit::tokenizer
