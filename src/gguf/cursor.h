// Cursor: reads a GGUF file's bytes forward, and says where and why they are wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/limits.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/errors.h"

namespace mobiedit::gguf {

inline constexpr const char* damaged_hint = "the file is damaged or incomplete: download it again";

/// Quotes text from a file for a message: without control characters, cut off after 96 bytes.
[[nodiscard]] std::string shown(std::string_view text);

/// Every step returns whether it went well. The first that does not leaves its reason in `error`.
class Cursor {
 public:
  /// `name` is what errors call the file; both are borrowed.
  Cursor(std::span<const std::byte> file, const std::string& name) : file_(file), name_(name) {}

  Error error;
  /// Names the thing that is read now, for errors.
  std::string place;
  /// Element of an array that is read now, counted from 1, and their number; 0: no array.
  std::pair<std::uint64_t, std::uint64_t> element;

  [[nodiscard]] std::span<const std::byte> file() const { return file_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  /// Bytes from here to the end of the file, or to where metadata must end.
  [[nodiscard]] std::size_t left() const { return std::min(file_.size(), header_limit) - at_; }
  /// " (… bytes at byte …)", for errors about counts.
  [[nodiscard]] std::string room() const { return " (" + std::to_string(left()) + " bytes " + here() + ")"; }

  // These return false.
  bool refuse(ErrorId id, std::string what, std::string hint = {});
  bool refuse_here(ErrorId id, const std::string& what, std::string hint = {}) {
    return refuse(id, place + what, std::move(hint));
  }
  /// Refuses a name that the format does not allow; its last byte was read just now.
  bool unfit(const std::string& whose, std::string_view name, const char* why, std::size_t longest);
  /// Refuses a list of things in which two have this name.
  template <class Item>
  bool twice(const char* kind, std::string_view name, const std::vector<Item>& items, std::string Item::* member) {
    const auto is = [&](const Item& item) { return item.*member == name; };
    const auto first = std::ranges::find_if(items, is);
    const auto second = std::find_if(first + 1, items.end(), is);
    return refuse(errors::duplicate,
                  std::string(kind) + " " + shown(name) + " is there more than once: as number " +
                      std::to_string(first - items.begin() + 1) + " and as number " +
                      std::to_string(second - items.begin() + 1) + " of " + std::to_string(items.size()),
                  damaged_hint);
  }

  template <class T>
  bool read(T& out) {
    if (left() < sizeof out) return ends_early("a number", sizeof out);
    std::memcpy(&out, file_.data() + at_, sizeof out);
    at_ += sizeof out;
    return true;
  }
  bool read_string(std::string& out);
  bool read_boolean(bool& out);

 private:
  [[nodiscard]] std::string here() const { return "at byte " + std::to_string(at_); }
  [[nodiscard]] std::string element_text() const;
  bool ends_early(const std::string& what, std::uint64_t bytes);

  std::span<const std::byte> file_;
  const std::string& name_;
  std::size_t at_ = 0;
};

}  // namespace mobiedit::gguf
