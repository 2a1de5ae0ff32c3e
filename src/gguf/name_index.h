// Index of names: finds one of many by its name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mobiedit::gguf {

/// Sorts rather than hashes: a hostile file can have names that all hash alike. The names are borrowed.
class NameIndex {
 public:
  NameIndex() = default;
  explicit NameIndex(const std::vector<std::string_view>& names) {
    sorted_.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) sorted_.emplace_back(names[i], i);
    std::sort(sorted_.begin(), sorted_.end());
  }

  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
    const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), std::pair{name, std::size_t{0}});
    if (at == sorted_.end() || at->first != name) return std::nullopt;
    return at->second;
  }

  /// Returns a name that occurs twice, if there is one.
  [[nodiscard]] std::optional<std::string_view> duplicate() const {
    const auto at = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                       [](const auto& a, const auto& b) { return a.first == b.first; });
    if (at == sorted_.end()) return std::nullopt;
    return at->first;
  }

 private:
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;
};

}  // namespace mobiedit::gguf
