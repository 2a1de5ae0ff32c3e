// Evaluator of templates: walks a syntax tree and writes a rendering.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "chat/jinja/runtime.h"
#include "chat/jinja/syntax.h"

namespace mobiedit::chat {

/// Renders once. Throws Failure, with the line.
class Evaluator {
 public:
  Evaluator(const Syntax& syntax, const ChatLimits& limits, std::optional<std::tm> now)
      : syntax_(syntax), budget_(limits), runtime_(budget_, now) {}

  [[nodiscard]] Runtime& runtime() { return runtime_; }
  /// A name that the template sees; ones that it doesn't use are left out.
  void set_variable(std::string_view name, Value value);
  [[nodiscard]] MarkedText run();

 private:
  struct Scope : Object {
    Scope* parent = nullptr;
    std::vector<std::pair<const Text*, Value>> names;
  };
  enum class Flow { onward, leave, next };

  Scope* make_scope(Scope* parent);
  void set(Scope& scope, const Text* name, Value value);
  [[nodiscard]] Value look_up(const Text* name) const;
  void assign(const Expression& target, Value value);
  void write(Value value);

  Flow execute(const Body& body);
  Flow execute(const Statement& statement);
  Flow loop(const Statement& statement);
  [[nodiscard]] std::vector<Value> loop_items(const Statement& statement);
  void capture(const Statement& statement);
  void define(const Statement& statement);
  [[nodiscard]] Value call_macro(const Statement& macro, Scope* around, const Arguments& arguments);
  void bind_parameters(const Statement& macro, const Arguments& arguments);

  [[nodiscard]] Value evaluate(const Expression& e);
  [[nodiscard]] Value evaluate_part(const Expression& e, std::size_t child) { return evaluate(*e.children[child]); }
  [[nodiscard]] Value binary(const Expression& e);
  [[nodiscard]] Value comparison(const Expression& e);
  [[nodiscard]] Value collection(const Expression& e);
  [[nodiscard]] Value concat(const Expression& e);
  [[nodiscard]] Value call(const Expression& e);
  [[nodiscard]] Value applied(const Expression& e);
  [[nodiscard]] Arguments arguments(const Expression& e, std::size_t first);

  const Syntax& syntax_;
  Budget budget_;
  Runtime runtime_;
  Scope* scope_ = nullptr;
  Scope* globals_ = nullptr;
  TextMaker* out_ = nullptr;
  int line_ = 0;
  Value captured_;
};

}  // namespace mobiedit::chat
