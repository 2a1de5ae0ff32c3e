// Filters over lists, dicts and what else has elements.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "chat/jinja/builtins.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_operations.h"

namespace mobiedit::chat {
namespace {

/// The attribute that a path such as "function.name" or "0" leads to.
Value attribute_at(Runtime& runtime, Value object, Value path) {
  if (path.is_integer()) return item_of(runtime, object, path);
  if (!path.is(Kind::text)) fail_here("an attribute's name is a text; found a " + type_name(path));
  const MarkedText dot(".");
  for (const Value part : split(runtime, path.text().value, &dot, -1, false)) {
    const std::string_view name = part.text().view();
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool number = error == std::errc() && end == name.data() + name.size();
    object = item_of(runtime, object, number ? Value(index) : part);
  }
  return object;
}

std::vector<Value> subject_elements(Runtime& runtime, const Bound& bound) {
  return elements(runtime.heap(), *bound[0]);
}

Value length_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("length", arguments, {"value"}, 1);
  if (bound[0]->is(Kind::text)) runtime.budget().step(bound[0]->text().value.size());
  return length(*bound[0]);
}

Value list_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("list", arguments, {"value"}, 1);
  return runtime.heap().list(subject_elements(runtime, bound));
}

Value items_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("items", arguments, {"value"}, 1);
  if (bound[0]->is(Kind::undefined)) return runtime.heap().list({}, List::Type::generator);
  if (!bound[0]->is(Kind::dict)) fail_here("'items' needs a dict; found a " + type_name(*bound[0]));
  std::vector<Value> pairs;
  for (const auto& [key, value] : bound[0]->dict().entries) {
    runtime.budget().step();
    pairs.emplace_back(runtime.heap().list({key, value}, List::Type::tuple));
  }
  return runtime.heap().list(std::move(pairs), List::Type::generator);
}

template <bool at_end>
Value end_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound(at_end ? "last" : "first", arguments, {"value"}, 1);
  const std::vector<Value> items = subject_elements(runtime, bound);
  if (items.empty()) return Value::undefined(nullptr);
  return at_end ? items.back() : items.front();
}

Value reverse_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("reverse", arguments, {"value"}, 1);
  if (bound[0]->is(Kind::text)) return slice_of(runtime, *bound[0], {}, {}, std::int64_t{-1});
  std::vector<Value> items = subject_elements(runtime, bound);
  std::ranges::reverse(items);
  return runtime.heap().list(std::move(items), List::Type::generator);
}

Value join_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("join", arguments, {"value", "d", "attribute"}, 1);
  const MarkedText between = bound[1] ? printed(runtime, *bound[1]) : MarkedText();
  TextMaker text(runtime.budget());
  bool first = true;
  for (const Value item : subject_elements(runtime, bound)) {
    if (!std::exchange(first, false)) text.append(between);
    print(text, bound[2] ? attribute_at(runtime, item, *bound[2]) : item);
  }
  return runtime.heap().text(text.take());
}

/// Arguments of the filter or test that `map`, `select` and similar ones apply to `subject`: those after `skip`.
Arguments forwarded(const Arguments& arguments, std::size_t skip, Value subject) {
  Arguments made;
  made.positional.push_back(subject);
  for (std::size_t i = skip; i < arguments.positional.size(); ++i) made.positional.push_back(arguments.positional[i]);
  made.named = arguments.named;
  return made;
}

const std::string& name_argument(const Arguments& arguments, std::size_t i, const char* function) {
  if (arguments.positional.size() <= i || !arguments.positional[i].is(Kind::text))
    fail_here(std::string("'") + function + "' needs a name");
  return arguments.positional[i].text().value.bytes();
}

Value map_filter(Runtime& runtime, const Arguments& arguments) {
  std::vector<Value> results;
  if (arguments.positional.size() == 1) {
    const Bound bound("map", arguments, {"value", "attribute", "default"}, 2);
    for (const Value item : subject_elements(runtime, bound)) {
      const Value found = attribute_at(runtime, item, *bound[1]);
      results.push_back(found.is(Kind::undefined) && bound[2] ? *bound[2] : found);
    }
  } else {
    const std::string& name = name_argument(arguments, 1, "map");
    const Applied filter = find_filter(name);
    if (filter == nullptr) fail_here("the filter '" + name + "' is not supported", errors::unsupported);
    for (const Value item : elements(runtime.heap(), arguments.positional.front())) {
      const Level level(runtime.budget());
      results.push_back(filter(runtime, forwarded(arguments, 2, item)));
    }
  }
  return runtime.heap().list(std::move(results), List::Type::generator);
}

/// select, reject, selectattr, rejectattr.
template <bool wanted, bool by_attribute>
Value select_filter(Runtime& runtime, const Arguments& arguments) {
  constexpr std::size_t test_place = by_attribute ? 2 : 1;
  if (by_attribute && arguments.positional.size() < 2) fail_here("an attribute's name is missing");
  Applied test = nullptr;
  if (arguments.positional.size() > test_place) {
    const std::string& name = name_argument(arguments, test_place, "select");
    test = find_test(name);
    if (test == nullptr) fail_here("the test '" + name + "' is not supported", errors::unsupported);
  }
  std::vector<Value> kept;
  for (const Value item : elements(runtime.heap(), arguments.positional.front())) {
    runtime.budget().step();
    const Value tested = by_attribute ? attribute_at(runtime, item, arguments.positional[1]) : item;
    const bool passed = truth(test == nullptr ? tested : test(runtime, forwarded(arguments, test_place + 1, tested)));
    if (passed == wanted) kept.push_back(item);
  }
  return runtime.heap().list(std::move(kept), List::Type::generator);
}

/// The value to compare in place of an element: texts in lower case, unless case counts.
Value sort_key(Runtime& runtime, Value value, bool case_counts) {
  if (case_counts || !value.is(Kind::text)) return value;
  return runtime.heap().text(in_case(runtime, value.text().value, Case::lower));
}

void sort_by_key(Runtime& runtime, std::vector<Entry>& keyed, bool reverse) {
  std::ranges::stable_sort(keyed, [&](const Entry& a, const Entry& b) {
    const int order = compare(runtime.heap(), a.first, b.first);
    return reverse ? order > 0 : order < 0;
  });
}

Value dictsort_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"value", "case_sensitive", "by", "reverse"}, 1);
  if (!bound[0]->is(Kind::dict)) fail_here("'dictsort' needs a dict; found a " + type_name(*bound[0]));
  const std::string by = bound[2] ? bound.text(2).bytes() : "key";
  if (by != "key" && by != "value") fail_here("'dictsort' sorts by \"key\" or \"value\"");
  std::vector<Entry> keyed;
  for (const auto& [key, value] : bound[0]->dict().entries) {
    const Value sorted = by == "key" ? key : value;
    keyed.emplace_back(sort_key(runtime, sorted, bound.flag(1, false)),
                       runtime.heap().list({key, value}, List::Type::tuple));
  }
  sort_by_key(runtime, keyed, bound.flag(3, false));
  std::vector<Value> pairs;
  for (const Entry& entry : keyed) pairs.push_back(entry.second);
  return runtime.heap().list(std::move(pairs));
}

Value sort_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"value", "reverse", "case_sensitive", "attribute"}, 1);
  std::vector<Entry> keyed;
  for (const Value item : subject_elements(runtime, bound)) {
    const Value sorted = bound[3] ? attribute_at(runtime, item, *bound[3]) : item;
    keyed.emplace_back(sort_key(runtime, sorted, bound.flag(2, false)), item);
  }
  sort_by_key(runtime, keyed, bound.flag(1, false));
  std::vector<Value> items;
  for (const Entry& entry : keyed) items.push_back(entry.second);
  return runtime.heap().list(std::move(items));
}

Value unique_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"value", "case_sensitive", "attribute"}, 1);
  std::vector<Value> seen, kept;
  for (const Value item : subject_elements(runtime, bound)) {
    const Value key = sort_key(runtime, bound[2] ? attribute_at(runtime, item, *bound[2]) : item, bound.flag(1, false));
    if (std::ranges::any_of(seen, [&](Value other) { return equal(runtime.heap(), other, key); })) continue;
    seen.push_back(key);
    kept.push_back(item);
  }
  return runtime.heap().list(std::move(kept), List::Type::generator);
}

Value sum_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"value", "attribute", "start"}, 1);
  Value total = bound[2] ? *bound[2] : Value(std::int64_t{0});
  const bool attribute = bound[1] && !bound[1]->is(Kind::none);
  for (const Value item : subject_elements(runtime, bound))
    total = apply_binary(runtime, Operator::add, total, attribute ? attribute_at(runtime, item, *bound[1]) : item);
  return total;
}

template <bool largest>
Value extreme_filter(Runtime& runtime, const Arguments& arguments) {
  const Bound bound(largest ? "max" : "min", arguments, {"value", "case_sensitive"}, 1);
  std::optional<Entry> best;
  for (const Value item : subject_elements(runtime, bound)) {
    const Value key = sort_key(runtime, item, bound.flag(1, false));
    const int order = best ? compare(runtime.heap(), key, best->first) : 0;
    if (!best || (largest ? order > 0 : order < 0)) best = Entry{key, item};
  }
  return best ? best->second : Value::undefined(nullptr);
}

constexpr auto sequence_filters = std::to_array<NamedBuiltin>({{"length", length_filter},
                                                               {"count", length_filter},
                                                               {"list", list_filter},
                                                               {"items", items_filter},
                                                               {"first", end_filter<false>},
                                                               {"last", end_filter<true>},
                                                               {"reverse", reverse_filter},
                                                               {"join", join_filter},
                                                               {"map", map_filter},
                                                               {"select", select_filter<true, false>},
                                                               {"reject", select_filter<false, false>},
                                                               {"selectattr", select_filter<true, true>},
                                                               {"rejectattr", select_filter<false, true>},
                                                               {"dictsort", dictsort_filter},
                                                               {"sort", sort_filter},
                                                               {"unique", unique_filter},
                                                               {"sum", sum_filter},
                                                               {"max", extreme_filter<true>},
                                                               {"min", extreme_filter<false>}});

}  // namespace

Applied find_sequence_filter(std::string_view name) {
  const auto found = std::ranges::find(sequence_filters, name, &NamedBuiltin::first);
  return found == sequence_filters.end() ? nullptr : found->second;
}

Applied find_filter(std::string_view name) {
  const Applied text = find_text_filter(name);
  return text != nullptr ? text : find_sequence_filter(name);
}

}  // namespace mobiedit::chat
