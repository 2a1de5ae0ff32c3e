// Values of a template, and the heap that owns them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/jinja/budget.h"
#include "chat/jinja/text.h"

namespace mobiedit::chat {

/// Anything that values point to. A heap owns objects until a rendering ends, so that a namespace may contain itself,
/// and nothing is freed recursively.
struct Object {
  virtual ~Object() = default;
};

struct Text;
struct List;
struct Dict;
struct Namespace;
struct Function;
struct Loop;

enum class Kind : std::uint8_t { undefined, none, boolean, integer, number, text, list, dict, space, function, loop };

/// A value: small, copied freely, owns nothing.
class Value {
 public:
  Value() : kind_(Kind::none), integer_(0) {}
  Value(bool value) : kind_(Kind::boolean), integer_(value ? 1 : 0) {}
  Value(std::int64_t value) : kind_(Kind::integer), integer_(value) {}
  Value(double value) : kind_(Kind::number), number_(value) {}
  Value(const Text* text) : kind_(Kind::text), text_(text) {}
  Value(List* list) : kind_(Kind::list), list_(list) {}
  Value(const Dict* dict) : kind_(Kind::dict), dict_(dict) {}
  Value(Namespace* space) : kind_(Kind::space), space_(space) {}
  Value(const Function* function) : kind_(Kind::function), function_(function) {}
  Value(Loop* loop) : kind_(Kind::loop), loop_(loop) {}
  /// The lack of a value, with the name that was looked for.
  static Value undefined(const Text* name) {
    Value value(name);
    value.kind_ = Kind::undefined;
    return value;
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  [[nodiscard]] bool is_number() const {
    return kind_ == Kind::boolean || kind_ == Kind::integer || kind_ == Kind::number;
  }
  [[nodiscard]] bool is_integer() const { return kind_ == Kind::boolean || kind_ == Kind::integer; }

  // Each may be called on a value of its own kind alone.
  [[nodiscard]] bool boolean() const { return integer_ != 0; }
  [[nodiscard]] std::int64_t integer() const { return integer_; }  ///< also the value of a boolean
  [[nodiscard]] double number() const { return kind_ == Kind::number ? number_ : static_cast<double>(integer_); }
  [[nodiscard]] const Text& text() const { return *text_; }
  [[nodiscard]] List& list() const { return *list_; }
  [[nodiscard]] const Dict& dict() const { return *dict_; }
  [[nodiscard]] Namespace& space() const { return *space_; }
  [[nodiscard]] const Function& function() const { return *function_; }
  [[nodiscard]] Loop& loop() const { return *loop_; }
  /// The name that an undefined value was looked for by.
  [[nodiscard]] const Text* missing_name() const { return text_; }

 private:
  Kind kind_;
  union {
    std::int64_t integer_;
    double number_;
    const Text* text_;
    List* list_;
    const Dict* dict_;
    Namespace* space_;
    const Function* function_;
    Loop* loop_;
  };
};

struct Text : Object {
  explicit Text(MarkedText marked) : value(std::move(marked)) {}
  MarkedText value;
  [[nodiscard]] std::string_view view() const { return value.bytes(); }
};

struct List : Object {
  /// A view (of a dict) and a range have a length; a generator is read once and is true even when it is empty.
  enum class Type { list, tuple, view, range, generator };
  Type type = Type::list;
  std::vector<Value> items;
};

using Entry = std::pair<Value, Value>;

struct Dict : Object {
  std::vector<Entry> entries;  ///< entries in their order; all keys differ
};

struct Namespace : Object {
  std::vector<std::pair<const Text*, Value>> entries;
};

/// The arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
};

struct Function : Object {
  std::string name;  ///< for messages
  std::function<Value(const Arguments&)> call;
};

/// The variable `loop` in the body of a `for`.
struct Loop : Object {
  const std::vector<Value>* items = nullptr;
  std::size_t index = 0;
  std::vector<Value> changed;  ///< what `loop.changed` last saw
  bool changed_before = false;
};

/// Owns the objects of one rendering and charges them to its budget.
class Heap {
 public:
  explicit Heap(Budget& budget) : budget_(budget) {}

  [[nodiscard]] Budget& budget() { return budget_; }

  template <class T, class... Parts>
  T* make(std::size_t bytes, Parts&&... parts) {
    budget_.take(sizeof(T) + 16 + bytes);
    auto object = std::make_unique<T>(std::forward<Parts>(parts)...);
    T* plain = object.get();
    objects_.push_back(std::move(object));
    return plain;
  }
  const Text* text(MarkedText text) {
    const std::size_t bytes = text.size() + text.input().size() * sizeof(MarkedText::Range);
    return make<Text>(bytes, std::move(text));
  }
  const Text* text(std::string text) { return this->text(MarkedText(std::move(text))); }
  List* list(std::vector<Value> items, List::Type type = List::Type::list) {
    List* list = make<List>(items.size() * sizeof(Value));
    list->items = std::move(items);
    list->type = type;
    return list;
  }
  const Dict* dict(std::vector<Entry> entries) {
    Dict* dict = make<Dict>(entries.size() * sizeof(Entry));
    dict->entries = std::move(entries);
    return dict;
  }
  const Function* function(std::string name, std::function<Value(const Arguments&)> call) {
    Function* function = make<Function>(name.size() + 64);
    function->name = std::move(name);
    function->call = std::move(call);
    return function;
  }

 private:
  Budget& budget_;
  std::vector<std::unique_ptr<Object>> objects_;
};

/// "str", "int", "list", …, as Python calls the type.
[[nodiscard]] std::string type_name(Value value);
[[nodiscard]] bool truth(Value value);
/// Fails where the value is undefined.
void need_defined(Value value);
/// Python's ==.
[[nodiscard]] bool equal(Heap& heap, Value a, Value b);
/// Negative if a < b, zero if they are equal, positive if a > b. Fails for values without an order.
[[nodiscard]] int compare(Heap& heap, Value a, Value b);
/// The entry's value; null if there is none.
[[nodiscard]] const Value* find(Heap& heap, const Dict& dict, Value key);
[[nodiscard]] const Value* find(const Namespace& space, std::string_view name);
/// True for a value that can be a dict's key.
[[nodiscard]] bool hashable(Value value);
/// Sets an entry of a dict that is being made.
void put(Heap& heap, std::vector<Entry>& entries, Value key, Value value);
/// The elements that a loop over the value visits; reads a generator empty.
[[nodiscard]] std::vector<Value> elements(Heap& heap, Value value);
/// Python's len().
[[nodiscard]] std::int64_t length(Value value);

}  // namespace mobiedit::chat
