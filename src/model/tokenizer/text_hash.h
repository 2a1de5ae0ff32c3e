// Transparent hash: look-up of strings by views, without a copy.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace mobiedit::tokenizer {

/// For std::unordered_map<std::string, T, TextHash, std::equal_to<>>.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace mobiedit::tokenizer
