// Generated text on its way to a reader: in whole characters, and cut at a stop string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobiedit {

/// Collects the pieces of tokens. Holds back the bytes that may still become part of a character or of a stop string.
class TextStream {
 public:
  /// Borrows the strings. Empty ones count as absent.
  explicit TextStream(const std::vector<std::string>& stop) : stop_(stop) {}

  /// Gives the text that may go out now; it is valid until the next call.
  [[nodiscard]] std::string_view push(std::string_view piece);
  /// Gives the text that was held back, when nothing more comes.
  [[nodiscard]] std::string_view finish();
  /// True once a stop string has come: text ends before it.
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] std::string_view release(std::size_t end);

  const std::vector<std::string>& stop_;
  std::string text_;
  std::size_t released_ = 0;
  bool stopped_ = false;
};

}  // namespace mobiedit
