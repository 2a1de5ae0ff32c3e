#include "chat/jinja/value.h"

#include <algorithm>
#include <cmath>

namespace mobiedit::chat {
namespace {

int order(double a, double b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int compare_numbers(Value a, Value b) {
  if (a.is_integer() && b.is_integer()) return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  return order(a.number(), b.number());
}

}  // namespace

std::string type_name(Value value) {
  switch (value.kind()) {
    case Kind::undefined:
      return "undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::number:
      return "float";
    case Kind::text:
      return "str";
    case Kind::list:
      switch (value.list().type) {
        case List::Type::list:
          return "list";
        case List::Type::tuple:
          return "tuple";
        case List::Type::view:
          return "dict view";
        case List::Type::range:
          return "range";
        case List::Type::generator:
          return "generator";
      }
      return "list";
    case Kind::dict:
      return "dict";
    case Kind::space:
      return "namespace";
    case Kind::function:
      return "function";
    case Kind::loop:
      return "loop";
  }
  return "value";
}

bool truth(Value value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return value.integer() != 0;
    case Kind::number:
      return value.number() != 0;
    case Kind::text:
      return !value.text().value.empty();
    case Kind::list:
      return value.list().type == List::Type::generator || !value.list().items.empty();
    case Kind::dict:
      return !value.dict().entries.empty();
    case Kind::space:
    case Kind::function:
    case Kind::loop:
      return true;
  }
  return true;
}

void need_defined(Value value) {
  if (!value.is(Kind::undefined)) return;
  const Text* name = value.missing_name();
  fail_here(name == nullptr ? "a value is undefined" : "'" + name->value.bytes() + "' is undefined", errors::undefined);
}

bool equal(Heap& heap, Value a, Value b) {
  const Level level(heap.budget());
  heap.budget().step();
  if (a.is_number() && b.is_number()) {
    if (a.is(Kind::number) || b.is(Kind::number)) return a.number() == b.number();
    return a.integer() == b.integer();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::text:
      heap.budget().step(a.text().value.size());
      return a.text().view() == b.text().view();
    case Kind::list: {
      const List& x = a.list();
      const List& y = b.list();
      if (&x == &y) return true;
      if (x.type != y.type || x.type == List::Type::generator || x.items.size() != y.items.size()) return false;
      for (std::size_t i = 0; i < x.items.size(); ++i)
        if (!equal(heap, x.items[i], y.items[i])) return false;
      return true;
    }
    case Kind::dict: {
      if (a.dict().entries.size() != b.dict().entries.size()) return false;
      for (const auto& [key, value] : a.dict().entries) {
        const Value* other = find(heap, b.dict(), key);
        if (other == nullptr || !equal(heap, value, *other)) return false;
      }
      return true;
    }
    case Kind::space:
      return &a.space() == &b.space();
    case Kind::function:
      return &a.function() == &b.function();
    default:
      return &a.loop() == &b.loop();
  }
}

int compare(Heap& heap, Value a, Value b) {
  const Level level(heap.budget());
  heap.budget().step();
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is(Kind::text) && b.is(Kind::text)) {
    heap.budget().step(a.text().value.size());
    // The order of code points is that of UTF-8's bytes.
    return a.text().view().compare(b.text().view());
  }
  need_defined(a);
  need_defined(b);
  const auto sequence = [](Value v) {
    return v.is(Kind::list) && (v.list().type == List::Type::list || v.list().type == List::Type::tuple);
  };
  if (sequence(a) && sequence(b) && a.list().type == b.list().type) {
    const auto& x = a.list().items;
    const auto& y = b.list().items;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(heap, x[i], y[i])) return compare(heap, x[i], y[i]);
    return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
  }
  fail_here("a " + type_name(a) + " and a " + type_name(b) + " have no order");
}

bool hashable(Value value) {
  if (value.is(Kind::list)) return value.list().type == List::Type::tuple;
  return !value.is(Kind::dict);
}

const Value* find(Heap& heap, const Dict& dict, Value key) {
  if (!hashable(key)) fail_here("a " + type_name(key) + " cannot be a key");
  heap.budget().step(dict.entries.size());
  if (key.is(Kind::text)) {
    // Almost every look-up is by a text, so texts are compared first.
    const std::string_view name = key.text().view();
    for (const auto& [other, value] : dict.entries)
      if (other.is(Kind::text) && other.text().view() == name) return &value;
    return nullptr;
  }
  for (const auto& [other, value] : dict.entries)
    if (equal(heap, other, key)) return &value;
  return nullptr;
}

const Value* find(const Namespace& space, std::string_view name) {
  for (const auto& [other, value] : space.entries)
    if (other->view() == name) return &value;
  return nullptr;
}

void put(Heap& heap, std::vector<Entry>& entries, Value key, Value value) {
  if (!hashable(key)) fail_here("a " + type_name(key) + " cannot be a key");
  heap.budget().step(entries.size());
  for (auto& [other, old] : entries) {
    if (equal(heap, other, key)) {
      old = value;
      return;
    }
  }
  heap.budget().take(sizeof(Entry));
  entries.emplace_back(key, value);
}

std::vector<Value> elements(Heap& heap, Value value) {
  switch (value.kind()) {
    case Kind::undefined:
      return {};
    case Kind::text: {
      const MarkedText& text = value.text().value;
      std::vector<Value> characters;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text.bytes(), at);
        characters.emplace_back(heap.text(text.part(at, at + length)));
        heap.budget().step();
        at += length;
      }
      return characters;
    }
    case Kind::list: {
      List& list = value.list();
      if (list.type == List::Type::generator) return std::exchange(list.items, {});
      heap.budget().take(list.items.size() * sizeof(Value));
      return list.items;
    }
    case Kind::dict: {
      heap.budget().take(value.dict().entries.size() * sizeof(Value));
      std::vector<Value> keys;
      for (const Entry& entry : value.dict().entries) keys.push_back(entry.first);
      return keys;
    }
    default:
      fail_here("a " + type_name(value) + " cannot be looped over");
  }
}

std::int64_t length(Value value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      return static_cast<std::int64_t>(count_characters(value.text().view()));
    case Kind::list:
      if (value.list().type == List::Type::generator) break;
      return static_cast<std::int64_t>(value.list().items.size());
    case Kind::dict:
      return static_cast<std::int64_t>(value.dict().entries.size());
    case Kind::loop:
      return static_cast<std::int64_t>(value.loop().items->size());
    default:
      break;
  }
  fail_here("a " + type_name(value) + " has no length");
}

}  // namespace mobiedit::chat
