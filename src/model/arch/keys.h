// Keys of a model family: typed look-ups under the architecture's own prefix, with range checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// Far above any model's size, far below where products of two of them overflow.
inline constexpr std::uint64_t largest_size = 1u << 24;

/// Borrows the file. Every look-up fails with bad_model for a value of the wrong type or out of range, naming the key.
class Keys {
 public:
  Keys(const gguf::File& file, std::string_view architecture) : file_(file), prefix_(std::string(architecture) + ".") {}

  /// A positive count. Without `otherwise` the key must be there.
  [[nodiscard]] Result<int> size(std::string_view key, std::optional<int> otherwise = {}) const;
  /// A count that may be 0, which it is without the key.
  [[nodiscard]] Result<int> count(std::string_view key) const;
  /// A number in [least, most].
  [[nodiscard]] Result<double> number(std::string_view key, double otherwise, double least, double most) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key, bool otherwise) const;
  [[nodiscard]] Result<std::optional<std::string>> string(std::string_view key) const;

  [[nodiscard]] bool has_tensor(std::string_view name) const { return file_.find_tensor(name) != nullptr; }
  [[nodiscard]] const gguf::File& file() const { return file_; }
  [[nodiscard]] std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  [[nodiscard]] std::string where() const { return file_.path().string(); }

 private:
  const gguf::File& file_;
  std::string prefix_;
};

}  // namespace mobiedit
