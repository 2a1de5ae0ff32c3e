// Looking into values: attributes, entries, slices, `in`.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "chat/jinja/builtins.h"
#include "chat/jinja/runtime.h"

namespace mobiedit::chat {
namespace {

std::optional<Value> loop_attribute(Runtime& runtime, Loop& loop, const Text* name) {
  const std::string_view wanted = name->view();
  const auto index = static_cast<std::int64_t>(loop.index);
  const auto length = static_cast<std::int64_t>(loop.items->size());
  if (wanted == "index") return Value(index + 1);
  if (wanted == "index0") return Value(index);
  if (wanted == "revindex") return Value(length - index);
  if (wanted == "revindex0") return Value(length - index - 1);
  if (wanted == "first") return Value(index == 0);
  if (wanted == "last") return Value(index + 1 == length);
  if (wanted == "length") return Value(length);
  // A loop is deeper than 1 only if it is recursive, which is not supported.
  if (wanted == "depth") return Value(std::int64_t{1});
  if (wanted == "depth0") return Value(std::int64_t{0});
  if (wanted == "previtem") return index > 0 ? (*loop.items)[loop.index - 1] : Value::undefined(name);
  if (wanted == "nextitem") return index + 1 < length ? (*loop.items)[loop.index + 1] : Value::undefined(name);
  Loop* here = &loop;
  if (wanted == "cycle") {
    return runtime.heap().function("loop.cycle", [here](const Arguments& arguments) {
      if (arguments.positional.empty() || !arguments.named.empty()) fail_here("loop.cycle needs values");
      return arguments.positional[here->index % arguments.positional.size()];
    });
  }
  if (wanted == "changed") {
    return runtime.heap().function("loop.changed", [here, &runtime](const Arguments& arguments) {
      bool same = here->changed_before && here->changed.size() == arguments.positional.size();
      for (std::size_t i = 0; same && i < here->changed.size(); ++i)
        same = equal(runtime.heap(), here->changed[i], arguments.positional[i]);
      here->changed = arguments.positional;
      here->changed_before = true;
      return Value(!same);
    });
  }
  return std::nullopt;
}

/// An attribute in Python's sense.
std::optional<Value> python_attribute(Runtime& runtime, Value object, const Text* name) {
  switch (object.kind()) {
    case Kind::text:
    case Kind::dict:
    case Kind::list:
      return find_method(runtime, object, name->view());
    case Kind::space:
      if (const Value* value = find(object.space(), name->view())) return *value;
      return std::nullopt;
    case Kind::loop:
      return loop_attribute(runtime, object.loop(), name);
    default:
      return std::nullopt;
  }
}

std::optional<Value> entry(Runtime& runtime, Value object, Value key) {
  if (object.is(Kind::dict)) {
    if (!hashable(key)) return std::nullopt;
    const Value* value = find(runtime.heap(), object.dict(), key);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (!key.is_integer()) return std::nullopt;
  std::int64_t index = key.integer();
  if (object.is(Kind::list)) {
    const List& list = object.list();
    if (list.type == List::Type::view || list.type == List::Type::generator) return std::nullopt;
    const auto size = static_cast<std::int64_t>(list.items.size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    return list.items[static_cast<std::size_t>(index)];
  }
  if (object.is(Kind::text)) {
    const MarkedText& text = object.text().value;
    runtime.budget().step(text.size());
    const auto starts = character_starts(text.bytes());
    const auto size = static_cast<std::int64_t>(starts.size()) - 1;
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    const auto place = static_cast<std::size_t>(index);
    return Value(runtime.heap().text(text.part(starts[place], starts[place + 1])));
  }
  return std::nullopt;
}

/// The indices that a slice takes, in its order.
std::vector<std::size_t> slice_indices(Runtime& runtime, std::size_t size, Value start, Value stop, Value step) {
  const auto number = [](Value value, std::int64_t standard) {
    if (value.is(Kind::none)) return standard;
    need_defined(value);
    if (!value.is_integer()) fail_here("a slice needs integers; found a " + type_name(value));
    return value.integer();
  };
  const auto length = static_cast<std::int64_t>(size);
  const std::int64_t stride = number(step, 1);
  if (stride == 0) fail_here("a slice's step is 0");
  const bool forward = stride > 0;
  const auto limit = [&](std::int64_t place) {
    if (place < 0) place = place < -length ? -1 : place + length;
    return forward ? std::clamp<std::int64_t>(place, 0, length) : std::clamp<std::int64_t>(place, -1, length - 1);
  };
  const std::int64_t first = start.is(Kind::none) ? (forward ? 0 : length - 1) : limit(number(start, 0));
  const std::int64_t end = stop.is(Kind::none) ? (forward ? length : -1) : limit(number(stop, 0));
  std::vector<std::size_t> indices;
  runtime.budget().take(size * sizeof(std::size_t));
  for (std::int64_t at = first; forward ? at < end : at > end;) {
    indices.push_back(static_cast<std::size_t>(at));
    // A stride that leads far beyond the end would overflow.
    if (forward ? stride > end - at : stride < end - at) break;
    at += stride;
  }
  return indices;
}

}  // namespace

Value attribute_of(Runtime& runtime, Value object, const Text* name) {
  need_defined(object);
  if (const auto value = python_attribute(runtime, object, name)) return *value;
  if (const auto value = entry(runtime, object, name)) return *value;
  return Value::undefined(name);
}

Value item_of(Runtime& runtime, Value object, Value key) {
  need_defined(object);
  if (const auto value = entry(runtime, object, key)) return *value;
  if (!key.is(Kind::text)) return Value::undefined(nullptr);
  if (const auto value = python_attribute(runtime, object, &key.text())) return *value;
  return Value::undefined(&key.text());
}

Value slice_of(Runtime& runtime, Value object, Value start, Value stop, Value step) {
  need_defined(object);
  if (object.is(Kind::text)) {
    const MarkedText& text = object.text().value;
    const auto starts = character_starts(text.bytes());
    MarkedText part;
    for (const std::size_t i : slice_indices(runtime, starts.size() - 1, start, stop, step))
      part.append(text, starts[i], starts[i + 1]);
    runtime.budget().step(text.size());
    return runtime.heap().text(std::move(part));
  }
  if (object.is(Kind::list) && object.list().type != List::Type::view && object.list().type != List::Type::generator) {
    const List& list = object.list();
    std::vector<Value> items;
    for (const std::size_t i : slice_indices(runtime, list.items.size(), start, stop, step))
      items.push_back(list.items[i]);
    runtime.budget().step(items.size());
    return runtime.heap().list(std::move(items), list.type);
  }
  fail_here("a " + type_name(object) + " cannot be sliced");
}

bool contains(Runtime& runtime, Value haystack, Value needle) {
  switch (haystack.kind()) {
    case Kind::undefined:
      return false;
    case Kind::text:
      need_defined(needle);
      if (!needle.is(Kind::text)) fail_here("'in' a text needs a text; found a " + type_name(needle));
      runtime.budget().step(haystack.text().value.size());
      return haystack.text().view().find(needle.text().view()) != std::string_view::npos;
    case Kind::list: {
      const std::vector<Value> items = elements(runtime.heap(), haystack);
      return std::ranges::any_of(items, [&](Value item) { return equal(runtime.heap(), item, needle); });
    }
    case Kind::dict:
      return find(runtime.heap(), haystack.dict(), needle) != nullptr;
    default:
      fail_here("'in' needs a text, list or dict; found a " + type_name(haystack));
  }
}

Value call_value(Runtime& runtime, Value function, const Arguments& arguments) {
  need_defined(function);
  if (!function.is(Kind::function)) fail_here("a " + type_name(function) + " cannot be called");
  const Level level(runtime.budget());
  runtime.budget().step();
  return function.function().call(arguments);
}

}  // namespace mobiedit::chat
