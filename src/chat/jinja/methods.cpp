// Methods of texts, dicts and lists.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/builtins.h"
#include "chat/jinja/text_operations.h"

namespace mobiedit::chat {
namespace {

using Method = Value (*)(Runtime& runtime, Value self, const Arguments& arguments);
struct NamedMethod {
  std::string_view name;
  Method call;
};

template <Sides sides>
Value strip_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  const MarkedText* characters = bound[0] && !bound[0]->is(Kind::none) ? &bound.text(0) : nullptr;
  runtime.budget().step(self.text().value.size());
  return runtime.heap().text(stripped(self.text().value, characters, sides));
}

template <bool from_right>
Value split_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const MarkedText* separator = bound[0] && !bound[0]->is(Kind::none) ? &bound.text(0) : nullptr;
  return runtime.heap().list(split(runtime, self.text().value, separator, bound.integer(1, -1), from_right));
}

Value split_lines_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  return runtime.heap().list(split_lines(runtime, self.text().value, bound.flag(0, false)));
}

/// True where a text begins or ends with one text, or with one of a tuple.
template <bool at_end>
Value affix_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound(at_end ? "endswith" : "startswith", arguments, {"affix"}, 1);
  runtime.budget().step();
  const auto has = [&](Value affix) {
    if (!affix.is(Kind::text)) fail_here("a text or tuple of texts is needed; found a " + type_name(affix));
    const std::string_view text = self.text().view();
    return at_end ? text.ends_with(affix.text().view()) : text.starts_with(affix.text().view());
  };
  need_defined(*bound[0]);
  if (bound[0]->is(Kind::list) && bound[0]->list().type == List::Type::tuple)
    return std::ranges::any_of(bound[0]->list().items, has);
  return has(*bound[0]);
}

template <bool at_end>
Value remove_affix_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound(at_end ? "removesuffix" : "removeprefix", arguments, {"affix"}, 1);
  const MarkedText& text = self.text().value;
  const MarkedText& affix = bound.text(0);
  runtime.budget().step(text.size());
  if (at_end && text.bytes().ends_with(affix.bytes()))
    return runtime.heap().text(text.part(0, text.size() - affix.size()));
  if (!at_end && text.bytes().starts_with(affix.bytes()))
    return runtime.heap().text(text.part(affix.size(), text.size()));
  return self;
}

template <Case wanted>
Value case_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("case", arguments, {});
  return runtime.heap().text(in_case(runtime, self.text().value, wanted));
}

Value replace_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  return runtime.heap().text(replaced(runtime, self.text().value, bound.text(0), bound.text(1), bound.integer(2, -1)));
}

template <bool last>
Value find_text_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound(last ? "rfind" : "find", arguments, {"sub"}, 1);
  const std::string_view text = self.text().view();
  runtime.budget().step(text.size());
  const std::string& wanted = bound.text(0).bytes();
  const std::size_t at = last ? text.rfind(wanted) : text.find(wanted);
  return at == std::string_view::npos ? std::int64_t{-1}
                                      : static_cast<std::int64_t>(count_characters(text.substr(0, at)));
}

Value count_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"sub"}, 1);
  const std::string_view text = self.text().view();
  const std::string& wanted = bound.text(0).bytes();
  runtime.budget().step(text.size());
  if (wanted.empty()) return static_cast<std::int64_t>(count_characters(text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + wanted.size()))
    ++count;
  return count;
}

Value join_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"parts"}, 1);
  TextMaker text(runtime.budget());
  bool first = true;
  for (const Value part : elements(runtime.heap(), *bound[0])) {
    if (!part.is(Kind::text)) fail_here("'join' needs texts; found a " + type_name(part));
    if (!std::exchange(first, false)) text.append(self.text().value);
    text.append(part.text().value);
  }
  return runtime.heap().text(text.take());
}

Value digits_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("isdigit", arguments, {});
  const std::string_view text = self.text().view();
  runtime.budget().step(text.size());
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Value space_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("isspace", arguments, {});
  const std::string_view text = self.text().view();
  runtime.budget().step(text.size());
  return !text.empty() && skip_space(text, 0, text.size()) == text.size();
}

constexpr auto text_methods = std::to_array<NamedMethod>({{"strip", strip_method<Sides::both>},
                                                          {"lstrip", strip_method<Sides::left>},
                                                          {"rstrip", strip_method<Sides::right>},
                                                          {"split", split_method<false>},
                                                          {"rsplit", split_method<true>},
                                                          {"splitlines", split_lines_method},
                                                          {"startswith", affix_method<false>},
                                                          {"endswith", affix_method<true>},
                                                          {"removeprefix", remove_affix_method<false>},
                                                          {"removesuffix", remove_affix_method<true>},
                                                          {"upper", case_method<Case::upper>},
                                                          {"lower", case_method<Case::lower>},
                                                          {"capitalize", case_method<Case::capitalized>},
                                                          {"title", case_method<Case::title>},
                                                          {"replace", replace_method},
                                                          {"find", find_text_method<false>},
                                                          {"rfind", find_text_method<true>},
                                                          {"count", count_method},
                                                          {"join", join_method},
                                                          {"isdigit", digits_method},
                                                          {"isspace", space_method}});

Value get_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"}, 1);
  const Value* value = find(runtime.heap(), self.dict(), *bound[0]);
  return value != nullptr ? *value : bound[1].value_or(Value());
}

enum class Part { keys, values, entries };

template <Part part>
Value dict_method(Runtime& runtime, Value self, const Arguments& arguments) {
  const Bound bound("items", arguments, {});
  std::vector<Value> parts;
  for (const auto& [key, value] : self.dict().entries) {
    runtime.budget().step();
    parts.push_back(part == Part::keys     ? key
                    : part == Part::values ? value
                                           : Value(runtime.heap().list({key, value}, List::Type::tuple)));
  }
  return runtime.heap().list(std::move(parts), List::Type::view);
}

Value copy_method(Runtime&, Value self, const Arguments& arguments) {
  const Bound bound("copy", arguments, {});
  return self;  // dicts do not change
}

constexpr auto dict_methods = std::to_array<NamedMethod>({{"get", get_method},
                                                          {"keys", dict_method<Part::keys>},
                                                          {"values", dict_method<Part::values>},
                                                          {"items", dict_method<Part::entries>},
                                                          {"copy", copy_method}});

// Names that Python's types have and this interpreter does not.
constexpr auto other_text_methods = std::to_array<std::string_view>(
    {"casefold",   "center",   "encode",    "expandtabs", "format",      "format_map", "index",
     "isalnum",    "isalpha",  "isascii",   "isdecimal",  "islower",     "isnumeric",  "isprintable",
     "istitle",    "isupper",  "ljust",     "maketrans",  "partition",   "rindex",     "rjust",
     "rpartition", "swapcase", "translate", "zfill",      "isidentifier"});
constexpr auto other_dict_methods =
    std::to_array<std::string_view>({"clear", "fromkeys", "pop", "popitem", "setdefault", "update"});
constexpr auto other_list_methods = std::to_array<std::string_view>(
    {"append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"});

}  // namespace

std::optional<Value> find_method(Runtime& runtime, Value object, std::string_view name) {
  std::span<const NamedMethod> known;
  std::span<const std::string_view> others = other_list_methods;
  if (object.is(Kind::text)) {
    known = text_methods;
    others = other_text_methods;
  } else if (object.is(Kind::dict)) {
    known = dict_methods;
    others = other_dict_methods;
  }
  const std::string full = type_name(object) + "." + std::string(name);
  if (const auto found = std::ranges::find(known, name, &NamedMethod::name); found != known.end()) {
    return runtime.heap().function(full, [&runtime, object, call = found->call](const Arguments& arguments) {
      return call(runtime, object, arguments);
    });
  }
  if (std::ranges::find(others, name) != others.end()) {
    return runtime.heap().function(full, [full](const Arguments&) -> Value {
      fail_here("the method '" + full + "' is not supported", errors::unsupported);
    });
  }
  return std::nullopt;
}

}  // namespace mobiedit::chat
