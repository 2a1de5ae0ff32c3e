// Filters, tests, methods and functions of templates.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "chat/jinja/runtime.h"
#include "chat/jinja/syntax.h"

namespace mobiedit::chat {

/// Null for one that is not known.
[[nodiscard]] Applied find_filter(std::string_view name);
[[nodiscard]] Applied find_test(std::string_view name);

/// A method of a text or dict: a function, or nothing where Python's type has none of this name. Calling one that
/// Python has and this interpreter has not fails.
[[nodiscard]] std::optional<Value> find_method(Runtime& runtime, Value object, std::string_view name);

/// range, dict, namespace, raise_exception, and strftime_now where there is a clock.
[[nodiscard]] std::vector<std::pair<std::string_view, const Function*>> global_functions(Runtime& runtime);

/// The arguments in the order of these names; absent where not given. Fails for others. A filter's subject is the
/// first.
class Bound {
 public:
  Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
        std::size_t required = 0);
  [[nodiscard]] const std::optional<Value>& operator[](std::size_t i) const { return values_[i]; }
  [[nodiscard]] bool flag(std::size_t i, bool standard) const;
  [[nodiscard]] std::int64_t integer(std::size_t i, std::int64_t standard) const;
  /// Fails unless it is a text.
  [[nodiscard]] const MarkedText& text(std::size_t i) const;

 private:
  std::string_view function_;
  std::vector<std::optional<Value>> values_;
};

// The tables of the files beside this one, which find_filter and its like search in turn.
using NamedBuiltin = std::pair<std::string_view, Applied>;
[[nodiscard]] Applied find_text_filter(std::string_view name);
[[nodiscard]] Applied find_sequence_filter(std::string_view name);

}  // namespace mobiedit::chat
