// Syntax trees of templates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/jinja/value.h"

namespace mobiedit::chat {

class Runtime;
/// A filter or test. The subject comes first in `arguments`.
using Applied = Value (*)(Runtime& runtime, const Arguments& arguments);

enum class Operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  power,
  negative,
  positive,
  logical_not,
  logical_and,
  logical_or,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
};

struct Expression {
  enum class Type : std::uint8_t {
    constant,
    name,
    list,
    tuple,
    dict,         ///< children: key, value, key, value, …
    attribute,    ///< children: object; `name`
    item,         ///< children: object, index
    slice,        ///< children: object, start, stop, step; absent ones are null
    call,         ///< children: function, arguments
    filter,       ///< children: subject, arguments; `apply`
    test,         ///< children: subject, arguments; `apply`, `negated`
    unary,        ///< children: operand; `op`
    binary,       ///< children: left, right; `op`
    comparison,   ///< children: first, others; `ops` between them
    concat,       ///< children: parts
    conditional,  ///< children: condition, then, else or null
    captured,     ///< the text that a block set has made
  };
  Type type;
  int line = 0;
  int height = 1;  ///< levels below and this one
  Operator op = Operator::add;
  bool negated = false;
  Value constant;
  const Text* name = nullptr;
  Applied apply = nullptr;
  std::vector<std::unique_ptr<Expression>> children;
  std::vector<Operator> ops;
  std::vector<std::pair<const Text*, std::unique_ptr<Expression>>> named;  ///< arguments by keyword
};
using ExpressionPointer = std::unique_ptr<Expression>;

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Branch {
  ExpressionPointer condition;  ///< null: else
  Body body;
};

struct Parameter {
  const Text* name;
  ExpressionPointer standard;  ///< null where there is no default
};

struct Statement {
  enum class Type : std::uint8_t {
    data,     ///< `text`
    output,   ///< `value`
    branch,   ///< `branches`
    loop,     ///< `target`, `value`, `condition`, `body`, `otherwise`
    assign,   ///< `target`, `value`
    capture,  ///< `target`, `body`, `value`: filters over `captured`, or null
    macro,    ///< `name`, `parameters`, `body`
    leave,    ///< break
    next,     ///< continue
  };
  Type type;
  int line = 0;
  const Text* text = nullptr;
  const Text* name = nullptr;
  ExpressionPointer target, value, condition;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
  Body body, otherwise;
};

/// Owns the texts of a template: equal names are one object, so that they compare by address.
class Names {
 public:
  const Text* intern(std::string_view name) {
    auto found = names_.find(name);
    if (found == names_.end())
      found = names_.emplace(std::string(name), std::make_unique<Text>(MarkedText(std::string(name)))).first;
    return found->second.get();
  }
  /// Null for a name that the template doesn't have.
  [[nodiscard]] const Text* find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<Text>, std::less<>> names_;
};

struct Syntax {
  Names names;
  Body body;
};

}  // namespace mobiedit::chat
