// Text of a template's rendering, with marks on the bytes that came from the user.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit::chat {

/// A string whose bytes are the template's own or input. Marks are kept as the sorted, disjoint ranges of input.
class MarkedText {
 public:
  struct Range {
    std::size_t begin, end;
    bool operator==(const Range&) const = default;
  };

  MarkedText() = default;
  explicit MarkedText(std::string bytes, bool input = false);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] const std::vector<Range>& input() const { return input_; }
  /// True if any byte of [begin, end) came from messages, tools or variables.
  [[nodiscard]] bool is_input(std::size_t begin, std::size_t end) const;

  void append(std::string_view bytes, bool input = false);
  void append(const MarkedText& other) { append(other, 0, other.size()); }
  /// The bytes [begin, end) of another text, with their marks.
  void append(const MarkedText& other, std::size_t begin, std::size_t end);
  [[nodiscard]] MarkedText part(std::size_t begin, std::size_t end) const;

 private:
  void mark(std::size_t begin, std::size_t end);

  std::string bytes_;
  std::vector<Range> input_;
};

/// Bytes of the character at text[at]; 1 for a byte that is no UTF-8.
[[nodiscard]] std::size_t character_length(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t count_characters(std::string_view text);
/// Where each character begins, and the end: [characters + 1].
[[nodiscard]] std::vector<std::size_t> character_starts(std::string_view text);

/// Bytes of the white space (as Python's str.strip sees it) at text[at]; 0 if there is none.
[[nodiscard]] std::size_t space_length(std::string_view text, std::size_t at);
/// The first place in [begin, end) that is no white space; `end` if there is none.
[[nodiscard]] std::size_t skip_space(std::string_view text, std::size_t begin, std::size_t end);
/// The end of [begin, end) without white space at its end.
[[nodiscard]] std::size_t cut_space(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace mobiedit::chat
