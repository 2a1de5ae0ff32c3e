// Filters over texts and single values.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "chat/jinja/builtins.h"
#include "chat/jinja/text_operations.h"

namespace mobiedit::chat {
namespace {

/// The subject as text, as filters over texts take it.
MarkedText subject_text(Runtime& runtime, const Bound& bound) {
  return printed(runtime, *bound[0]);
}

Value string_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("string", arguments, {"value"}, 1);
  if (bound[0]->is(Kind::text)) return *bound[0];
  return runtime.heap().text(subject_text(runtime, bound));
}

Value safe_filter(Runtime& runtime, const Arguments& arguments) {
  return string_filter(runtime, arguments);
}

Value trim_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"value", "chars"}, 1);
  const MarkedText* characters = bound[1] && !bound[1]->is(Kind::none) ? &bound.text(1) : nullptr;
  return runtime.heap().text(stripped(subject_text(runtime, bound), characters, Sides::both));
}

template <Case wanted>
Value case_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("case", arguments, {"value"}, 1);
  return runtime.heap().text(in_case(runtime, subject_text(runtime, bound), wanted));
}

Value title_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("title", arguments, {"value"}, 1);
  return runtime.heap().text(in_title_filter_case(runtime, subject_text(runtime, bound)));
}

Value replace_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"value", "old", "new", "count"}, 3);
  const std::int64_t most = bound[3] && !bound[3]->is(Kind::none) ? bound.integer(3, -1) : -1;
  return runtime.heap().text(
      replaced(runtime, subject_text(runtime, bound), printed(runtime, *bound[1]), printed(runtime, *bound[2]), most));
}

Value indent_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"value", "width", "first", "blank"}, 1);
  MarkedText indent;
  if (bound[1] && bound[1]->is(Kind::text)) {
    indent = bound.text(1);
  } else {
    indent.append(std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(bound.integer(1, 4), 0, 1000)), ' '));
  }
  MarkedText text = subject_text(runtime, bound);
  // Jinja puts an end of line behind the text, so that one at its end stays.
  text.append("\n");
  const std::vector<Value> lines = split_lines(runtime, text, false);
  TextMaker out(runtime.budget());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const MarkedText& line = lines[i].text().value;
    if (i > 0) out.append("\n");
    const bool wanted = i == 0 ? bound.flag(2, false) : bound.flag(3, false) || !line.empty();
    if (wanted) out.append(indent);
    out.append(line);
  }
  return runtime.heap().text(out.take());
}

Value json_filter(Runtime& runtime, const Arguments& arguments) {
  // The parameters of the filter that Transformers gives to templates, in its order.
  const Bound bound("tojson", arguments, {"value", "ensure_ascii", "indent", "separators", "sort_keys"}, 1);
  JsonStyle style;
  style.ascii = bound.flag(1, false);
  style.sort = bound.flag(4, false);
  if (bound[2] && !bound[2]->is(Kind::none)) {
    if (bound[2]->is(Kind::text)) {
      style.indent = bound.text(2).bytes();
    } else {
      style.indent = std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(bound.integer(2, 0), 0, 1000)), ' ');
    }
    style.item = ",";
  }
  if (bound[3] && !bound[3]->is(Kind::none)) {
    const std::vector<Value> both = elements(runtime.heap(), *bound[3]);
    if (both.size() != 2 || !both[0].is(Kind::text) || !both[1].is(Kind::text))
      fail_here("the separators of 'tojson' are two texts");
    style.item = both[0].text().value.bytes();
    style.key = both[1].text().value.bytes();
  }
  need_defined(*bound[0]);
  TextMaker out(runtime.budget());
  write_json(out, *bound[0], style);
  return runtime.heap().text(out.take());
}

Value default_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("default", arguments, {"value", "default_value", "boolean"}, 1);
  const bool missing = bound[0]->is(Kind::undefined) || (bound.flag(2, false) && !truth(*bound[0]));
  if (!missing) return *bound[0];
  return bound[1] ? *bound[1] : Value(runtime.heap().text(std::string()));
}

/// The number that a text says; nothing where it says none.
template <class Number>
std::optional<Number> number_in(const MarkedText& text) {
  const std::string& bytes = text.bytes();
  std::size_t begin = skip_space(bytes, 0, bytes.size());
  const std::size_t end = cut_space(bytes, begin, bytes.size());
  if (begin < end && bytes[begin] == '+') ++begin;
  Number number{};
  const auto [stopped, error] = std::from_chars(bytes.data() + begin, bytes.data() + end, number);
  if (error != std::errc() || stopped != bytes.data() + end || begin == end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> truncated(double number) {
  if (!(std::abs(number) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Value int_filter(Runtime&, const Arguments& arguments) {
  const Bound bound("int", arguments, {"value", "default"}, 1);
  const Value value = *bound[0];
  const Value standard = bound[1] ? *bound[1] : Value(std::int64_t{0});
  need_defined(value);
  std::optional<std::int64_t> number;
  if (value.is_integer()) number = value.integer();
  if (value.is(Kind::number)) number = truncated(value.number());
  if (value.is(Kind::text)) {
    number = number_in<std::int64_t>(value.text().value);
    if (!number) {
      if (const auto fraction = number_in<double>(value.text().value)) number = truncated(*fraction);
    }
  }
  return number ? Value(*number) : standard;
}

Value float_filter(Runtime&, const Arguments& arguments) {
  const Bound bound("float", arguments, {"value", "default"}, 1);
  const Value value = *bound[0];
  const Value standard = bound[1] ? *bound[1] : Value(0.0);
  need_defined(value);
  if (value.is_number()) return value.number();
  if (!value.is(Kind::text)) return standard;
  const auto number = number_in<double>(value.text().value);
  return number ? Value(*number) : standard;
}

Value abs_filter(Runtime&, const Arguments& arguments) {
  const Bound bound("abs", arguments, {"value"}, 1);
  const Value value = *bound[0];
  need_defined(value);
  if (value.is(Kind::number)) return std::abs(value.number());
  if (!value.is_integer() || value.integer() == INT64_MIN)
    fail_here("'abs' needs a number; found a " + type_name(value));
  return std::abs(value.integer());
}

Value round_filter(Runtime&, const Arguments& arguments) {
  const Bound bound("round", arguments, {"value", "precision", "method"}, 1);
  const Value value = *bound[0];
  need_defined(value);
  if (!value.is_number()) fail_here("'round' needs a number; found a " + type_name(value));
  if (bound.integer(1, 0) != 0) fail_here("'round' to places behind the point is not supported", errors::unsupported);
  const std::string method = bound[2] ? bound.text(2).bytes() : "common";
  if (method == "ceil") return std::ceil(value.number());
  if (method == "floor") return std::floor(value.number());
  if (method != "common") fail_here("'round' does not know '" + method + "'");
  return std::nearbyint(value.number());
}

constexpr auto text_filters = std::to_array<NamedBuiltin>({{"string", string_filter},
                                                           {"safe", safe_filter},
                                                           {"trim", trim_filter},
                                                           {"upper", case_filter<Case::upper>},
                                                           {"lower", case_filter<Case::lower>},
                                                           {"capitalize", case_filter<Case::capitalized>},
                                                           {"title", title_filter},
                                                           {"replace", replace_filter},
                                                           {"indent", indent_filter},
                                                           {"tojson", json_filter},
                                                           {"default", default_filter},
                                                           {"d", default_filter},
                                                           {"int", int_filter},
                                                           {"float", float_filter},
                                                           {"abs", abs_filter},
                                                           {"round", round_filter}});

}  // namespace

Applied find_text_filter(std::string_view name) {
  const auto found = std::ranges::find(text_filters, name, &NamedBuiltin::first);
  return found == text_filters.end() ? nullptr : found->second;
}

}  // namespace mobiedit::chat
