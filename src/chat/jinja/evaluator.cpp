#include "chat/jinja/evaluator.h"

#include <algorithm>
#include <utility>

#include "chat/jinja/builtins.h"
#include "chat/jinja/operators.h"

namespace mobiedit::chat {

void Evaluator::set_variable(std::string_view name, Value value) {
  if (globals_ == nullptr) globals_ = make_scope(nullptr);
  if (const Text* interned = syntax_.names.find(name)) set(*globals_, interned, value);
}

MarkedText Evaluator::run() try {
  Scope* variables = globals_;
  globals_ = nullptr;
  for (const auto& [name, function] : global_functions(runtime_)) set_variable(name, function);
  if (variables != nullptr) {
    variables->parent = globals_;
    globals_ = variables;
  }
  scope_ = make_scope(globals_);
  TextMaker out(budget_);
  out_ = &out;
  execute(syntax_.body);
  return out.take();
} catch (Failure& failure) {
  if (failure.line == 0) failure.line = line_;
  throw;
}

// Names.

Evaluator::Scope* Evaluator::make_scope(Scope* parent) {
  auto* scope = runtime_.heap().make<Scope>(64);
  scope->parent = parent;
  return scope;
}

void Evaluator::set(Scope& scope, const Text* name, Value value) {
  for (auto& [other, old] : scope.names) {
    if (other == name) {
      old = value;
      return;
    }
  }
  budget_.take(sizeof(scope.names.front()));
  scope.names.emplace_back(name, value);
}

Value Evaluator::look_up(const Text* name) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent)
    for (const auto& [other, value] : scope->names)
      if (other == name) return value;
  return Value::undefined(name);
}

void Evaluator::assign(const Expression& target, Value value) {
  if (target.type == Expression::Type::name) return set(*scope_, target.name, value);
  if (target.type == Expression::Type::attribute) {
    const Value object = evaluate_part(target, 0);
    need_defined(object);
    if (!object.is(Kind::space))
      fail_here("an attribute can be set in a namespace alone; found a " + type_name(object));
    Namespace& space = object.space();
    for (auto& [name, old] : space.entries) {
      if (name->view() == target.name->view()) {
        old = value;
        return;
      }
    }
    budget_.take(sizeof(space.entries.front()));
    space.entries.emplace_back(target.name, value);
    return;
  }
  need_defined(value);
  const std::vector<Value> values = elements(runtime_.heap(), value);
  if (values.size() != target.children.size())
    fail_here("expected " + std::to_string(target.children.size()) + " values, found " + std::to_string(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) assign(*target.children[i], values[i]);
}

// Statements.

void Evaluator::write(Value value) {
  print(*out_, value);
  if (out_->text().size() > budget_.limits().output)
    fail_here("the rendering is longer than " + std::to_string(budget_.limits().output) + " bytes", errors::limit);
}

Evaluator::Flow Evaluator::execute(const Body& body) {
  const Level level(budget_);
  for (const auto& statement : body) {
    const Flow flow = execute(*statement);
    if (flow != Flow::onward) return flow;
  }
  return Flow::onward;
}

Evaluator::Flow Evaluator::execute(const Statement& statement) {
  line_ = statement.line;
  budget_.step();
  switch (statement.type) {
    case Statement::Type::data:
      write(statement.text);
      return Flow::onward;
    case Statement::Type::output:
      write(evaluate(*statement.value));
      return Flow::onward;
    case Statement::Type::branch:
      for (const Branch& branch : statement.branches)
        if (!branch.condition || truth(evaluate(*branch.condition))) return execute(branch.body);
      return Flow::onward;
    case Statement::Type::loop:
      return loop(statement);
    case Statement::Type::assign:
      assign(*statement.target, evaluate(*statement.value));
      return Flow::onward;
    case Statement::Type::capture:
      capture(statement);
      return Flow::onward;
    case Statement::Type::macro:
      define(statement);
      return Flow::onward;
    case Statement::Type::leave:
      return Flow::leave;
    case Statement::Type::next:
      return Flow::next;
  }
  return Flow::onward;
}

std::vector<Value> Evaluator::loop_items(const Statement& statement) {
  std::vector<Value> items = elements(runtime_.heap(), evaluate(*statement.value));
  if (!statement.condition) return items;
  Scope* around = scope_;
  std::vector<Value> kept;
  for (const Value item : items) {
    scope_ = make_scope(around);
    assign(*statement.target, item);
    if (truth(evaluate(*statement.condition))) kept.push_back(item);
  }
  scope_ = around;
  return kept;
}

Evaluator::Flow Evaluator::loop(const Statement& statement) {
  std::vector<Value> items = loop_items(statement);
  Scope* around = scope_;
  if (items.empty()) {
    scope_ = make_scope(around);
    const Flow flow = execute(statement.otherwise);
    scope_ = around;
    return flow;
  }
  Loop* loop = runtime_.heap().make<Loop>(0);
  loop->items = &runtime_.heap().list(std::move(items))->items;
  const Text* loop_name = syntax_.names.find("loop");
  for (; loop->index < loop->items->size(); ++loop->index) {
    budget_.step();
    scope_ = make_scope(around);
    if (loop_name != nullptr) set(*scope_, loop_name, loop);
    assign(*statement.target, (*loop->items)[loop->index]);
    if (execute(statement.body) == Flow::leave) break;
  }
  scope_ = around;
  return Flow::onward;
}

void Evaluator::capture(const Statement& statement) {
  TextMaker text(budget_);
  TextMaker* around = std::exchange(out_, &text);
  Scope* scope = scope_;
  scope_ = make_scope(scope);
  execute(statement.body);
  scope_ = scope;
  out_ = around;
  Value value = runtime_.heap().text(text.take());
  if (statement.value) {
    captured_ = value;
    value = evaluate(*statement.value);
  }
  assign(*statement.target, value);
}

// Macros.

void Evaluator::define(const Statement& statement) {
  Scope* around = scope_;
  const Function* macro = runtime_.heap().function(
      statement.name->value.bytes(),
      [this, &statement, around](const Arguments& arguments) { return call_macro(statement, around, arguments); });
  set(*scope_, statement.name, macro);
}

Value Evaluator::call_macro(const Statement& macro, Scope* around, const Arguments& arguments) {
  Scope* caller = scope_;
  const int line = line_;
  scope_ = make_scope(around);
  bind_parameters(macro, arguments);
  TextMaker text(budget_);
  TextMaker* out = std::exchange(out_, &text);
  execute(macro.body);
  out_ = out;
  scope_ = caller;
  line_ = line;
  return runtime_.heap().text(text.take());
}

void Evaluator::bind_parameters(const Statement& macro, const Arguments& arguments) {
  const std::string& name = macro.name->value.bytes();
  if (arguments.positional.size() > macro.parameters.size())
    fail_here("the macro '" + name + "' takes " + std::to_string(macro.parameters.size()) + " arguments, found " +
              std::to_string(arguments.positional.size()));
  for (const auto& [given, value] : arguments.named) {
    const auto known = std::ranges::find(macro.parameters, given, [](const Parameter& p) { return p.name->view(); });
    if (known == macro.parameters.end())
      fail_here("the macro '" + name + "' has no parameter '" + std::string(given) + "'");
  }
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    const auto named =
        std::ranges::find(arguments.named, parameter.name->view(), [](const auto& argument) { return argument.first; });
    if (i < arguments.positional.size()) {
      if (named != arguments.named.end()) fail_here("'" + parameter.name->value.bytes() + "' is given twice");
      set(*scope_, parameter.name, arguments.positional[i]);
    } else if (named != arguments.named.end()) {
      set(*scope_, parameter.name, named->second);
    } else {
      set(*scope_, parameter.name,
          parameter.standard ? evaluate(*parameter.standard) : Value::undefined(parameter.name));
    }
  }
}

// Expressions.

Value Evaluator::evaluate(const Expression& e) {
  const Level level(budget_);
  budget_.step();
  line_ = e.line;
  switch (e.type) {
    case Expression::Type::constant:
      return e.constant;
    case Expression::Type::name:
      return look_up(e.name);
    case Expression::Type::captured:
      return captured_;
    case Expression::Type::list:
    case Expression::Type::tuple:
    case Expression::Type::dict:
      return collection(e);
    case Expression::Type::attribute:
      return attribute_of(runtime_, evaluate_part(e, 0), e.name);
    case Expression::Type::item: {
      const Value object = evaluate_part(e, 0);
      return item_of(runtime_, object, evaluate_part(e, 1));
    }
    case Expression::Type::slice: {
      const Value object = evaluate_part(e, 0);
      const auto part = [&](std::size_t i) { return e.children[i] ? evaluate_part(e, i) : Value(); };
      const Value start = part(1), stop = part(2);
      return slice_of(runtime_, object, start, stop, part(3));
    }
    case Expression::Type::call:
      return call(e);
    case Expression::Type::filter:
    case Expression::Type::test:
      return applied(e);
    case Expression::Type::unary:
      return apply_unary(e.op, evaluate_part(e, 0));
    case Expression::Type::binary:
      return binary(e);
    case Expression::Type::comparison:
      return comparison(e);
    case Expression::Type::concat:
      return concat(e);
    case Expression::Type::conditional:
      if (truth(evaluate_part(e, 0))) return evaluate_part(e, 1);
      return e.children[2] ? evaluate_part(e, 2) : Value::undefined(nullptr);
  }
  return {};
}

Value Evaluator::binary(const Expression& e) {
  const Value left = evaluate_part(e, 0);
  if (e.op == Operator::logical_and) return truth(left) ? evaluate_part(e, 1) : left;
  if (e.op == Operator::logical_or) return truth(left) ? left : evaluate_part(e, 1);
  const Value right = evaluate_part(e, 1);
  line_ = e.line;
  return apply_binary(runtime_, e.op, left, right);
}

Value Evaluator::comparison(const Expression& e) {
  Value left = evaluate_part(e, 0);
  for (std::size_t i = 0; i < e.ops.size(); ++i) {
    const Value right = evaluate_part(e, i + 1);
    line_ = e.line;
    if (!apply_comparison(runtime_, e.ops[i], left, right)) return false;
    left = right;
  }
  return true;
}

Value Evaluator::collection(const Expression& e) {
  if (e.type == Expression::Type::dict) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
      const Value key = evaluate_part(e, i);
      put(runtime_.heap(), entries, key, evaluate_part(e, i + 1));
    }
    return runtime_.heap().dict(std::move(entries));
  }
  std::vector<Value> items;
  for (const auto& child : e.children) items.push_back(evaluate(*child));
  return runtime_.heap().list(std::move(items),
                              e.type == Expression::Type::tuple ? List::Type::tuple : List::Type::list);
}

Value Evaluator::concat(const Expression& e) {
  TextMaker text(budget_);
  for (const auto& child : e.children) print(text, evaluate(*child));
  return runtime_.heap().text(text.take());
}

Arguments Evaluator::arguments(const Expression& e, std::size_t first) {
  Arguments arguments;
  for (std::size_t i = first; i < e.children.size(); ++i) arguments.positional.push_back(evaluate_part(e, i));
  for (const auto& [name, value] : e.named) arguments.named.emplace_back(name->view(), evaluate(*value));
  return arguments;
}

Value Evaluator::call(const Expression& e) {
  const Value function = evaluate_part(e, 0);
  const Arguments given = arguments(e, 1);
  line_ = e.line;
  return call_value(runtime_, function, given);
}

Value Evaluator::applied(const Expression& e) {
  const Arguments given = arguments(e, 0);
  line_ = e.line;
  const Value value = e.apply(runtime_, given);
  return e.negated ? Value(!truth(value)) : value;
}

}  // namespace mobiedit::chat
