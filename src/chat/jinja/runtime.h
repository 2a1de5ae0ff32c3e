// A rendering in progress, as filters and functions see it.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "chat/jinja/value.h"

namespace mobiedit::chat {

class Runtime {
 public:
  Runtime(Budget& budget, std::optional<std::tm> now) : heap_(budget), now_(now) {}

  [[nodiscard]] Heap& heap() { return heap_; }
  [[nodiscard]] Budget& budget() { return heap_.budget(); }
  [[nodiscard]] const std::optional<std::tm>& now() const { return now_; }

 private:
  Heap heap_;
  std::optional<std::tm> now_;
};

/// Appends to a text that is being made and charges it.
class TextMaker {
 public:
  explicit TextMaker(Budget& budget) : budget_(budget) {}
  void append(std::string_view bytes, bool input = false) {
    charge(bytes.size());
    text_.append(bytes, input);
  }
  void append(const MarkedText& text) { append(text, 0, text.size()); }
  void append(const MarkedText& text, std::size_t begin, std::size_t end) {
    charge(end - begin);
    text_.append(text, begin, end);
  }
  [[nodiscard]] const MarkedText& text() const { return text_; }
  [[nodiscard]] MarkedText take() { return std::move(text_); }
  [[nodiscard]] Budget& budget() { return budget_; }

 private:
  void charge(std::size_t bytes) {
    budget_.step(bytes);
    budget_.take(bytes);
  }
  Budget& budget_;
  MarkedText text_;
};

/// Python's str().
void print(TextMaker& out, Value value);
[[nodiscard]] MarkedText printed(Runtime& runtime, Value value);
/// Python's repr() of a number.
[[nodiscard]] std::string number_text(double number);

struct JsonStyle {
  bool ascii = false;
  bool sort = false;
  std::optional<std::string> indent;  ///< the text that indents one level; none: all on one line
  std::string item = ", ", key = ": ";
};
/// Python's json.dumps().
void write_json(TextMaker& out, Value value, const JsonStyle& style);

/// object.name, as Jinja looks for it: Python's attributes first, then an entry.
[[nodiscard]] Value attribute_of(Runtime& runtime, Value object, const Text* name);
/// object[key], as Jinja looks for it: an entry first, then Python's attributes.
[[nodiscard]] Value item_of(Runtime& runtime, Value object, Value key);
/// object[start:stop:step]; absent parts are none.
[[nodiscard]] Value slice_of(Runtime& runtime, Value object, Value start, Value stop, Value step);
/// Python's `needle in haystack`.
[[nodiscard]] bool contains(Runtime& runtime, Value haystack, Value needle);

/// Calls a function or macro.
[[nodiscard]] Value call_value(Runtime& runtime, Value function, const Arguments& arguments);

}  // namespace mobiedit::chat
