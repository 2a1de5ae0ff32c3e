#include "chat/jinja/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "chat/jinja/builtins.h"
#include "chat/jinja/lexer.h"

namespace mobiedit::chat {
namespace {

// Levels of brackets, operators and blocks inside each other. Real templates stay below 30.
constexpr int deepest_syntax = 150;

constexpr std::array<std::string_view, 12> unsupported_statements{
    "call", "filter", "include", "import", "from", "extends", "block", "with", "autoescape", "do", "trans", "debug"};

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view source) : tokens_(lex(source)) {}

  Syntax run() {
    syntax_.body = body({});
    return std::move(syntax_);
  }

 private:
  using Type = Expression::Type;

  // Tokens.

  [[nodiscard]] const LexedToken& current() const { return tokens_[at_]; }
  [[nodiscard]] const LexedToken& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  [[nodiscard]] int line() const { return current().line; }
  void go_on() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  [[nodiscard]] bool at(Lexeme type) const { return current().type == type; }
  [[nodiscard]] bool at_symbol(std::string_view text) const { return at(Lexeme::symbol) && current().text == text; }
  [[nodiscard]] bool at_name(std::string_view text) const { return at(Lexeme::name) && current().text == text; }
  bool skip_symbol(std::string_view text) {
    if (!at_symbol(text)) return false;
    go_on();
    return true;
  }
  bool skip_name(std::string_view text) {
    if (!at_name(text)) return false;
    go_on();
    return true;
  }
  [[noreturn]] void unexpected(std::string_view wanted) const {
    static constexpr std::array<std::string_view, 10> words{"text",   "'{{'",     "'}}'",     "'{%'",     "'%}'",
                                                            "a name", "a string", "a number", "a number", "a symbol"};
    const LexedToken& token = current();
    const auto type = static_cast<std::size_t>(token.type);
    const std::string found = token.type == Lexeme::end                          ? "the end of the template"
                              : token.text.empty() || token.type == Lexeme::data ? std::string(words[type])
                                                                                 : "'" + token.text + "'";
    fail_at(token.line, "expected " + std::string(wanted) + ", found " + found);
  }
  void need_symbol(std::string_view text) {
    if (!skip_symbol(text)) unexpected("'" + std::string(text) + "'");
  }
  const Text* need_name() {
    if (!at(Lexeme::name)) unexpected("a name");
    const Text* name = syntax_.names.intern(current().text);
    go_on();
    return name;
  }
  void need(Lexeme type, std::string_view wanted) {
    if (!at(type)) unexpected(wanted);
    go_on();
  }

  // Counts the levels that the parser itself goes down.
  class Deeper {
   public:
    explicit Deeper(TemplateParser& parser) : parser_(parser) {
      if (parser.depth_ >= deepest_syntax)
        fail_at(parser.line(), "the template goes deeper than " + std::to_string(deepest_syntax) + " levels",
                errors::limit);
      ++parser.depth_;
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    TemplateParser& parser_;
  };

  // Expressions.

  ExpressionPointer node(Type type, int line) {
    auto made = std::make_unique<Expression>();
    made->type = type;
    made->line = line;
    return made;
  }
  /// Chains such as a + b + c are deep without brackets.
  void adopt(Expression& parent, ExpressionPointer child) {
    if (child) {
      parent.height = std::max(parent.height, child->height + 1);
      if (parent.height > deepest_syntax)
        fail_at(parent.line, "an expression goes deeper than " + std::to_string(deepest_syntax) + " levels",
                errors::limit);
    }
    parent.children.push_back(std::move(child));
  }
  ExpressionPointer unary(Operator op, int line, ExpressionPointer operand) {
    auto made = node(Type::unary, line);
    made->op = op;
    adopt(*made, std::move(operand));
    return made;
  }
  ExpressionPointer binary(Operator op, int line, ExpressionPointer left, ExpressionPointer right) {
    auto made = node(Type::binary, line);
    made->op = op;
    adopt(*made, std::move(left));
    adopt(*made, std::move(right));
    return made;
  }

  ExpressionPointer expression(bool conditionals = true) {
    const Deeper deeper(*this);
    auto value = disjunction();
    while (conditionals && at_name("if")) {
      auto choice = node(Type::conditional, line());
      go_on();
      adopt(*choice, disjunction());
      adopt(*choice, std::move(value));
      adopt(*choice, skip_name("else") ? expression() : nullptr);
      value = std::move(choice);
    }
    return value;
  }

  ExpressionPointer disjunction() {
    auto left = conjunction();
    while (at_name("or")) {
      const int where = line();
      go_on();
      left = binary(Operator::logical_or, where, std::move(left), conjunction());
    }
    return left;
  }

  ExpressionPointer conjunction() {
    auto left = negation();
    while (at_name("and")) {
      const int where = line();
      go_on();
      left = binary(Operator::logical_and, where, std::move(left), negation());
    }
    return left;
  }

  ExpressionPointer negation() {
    if (!at_name("not")) return comparison();
    const Deeper deeper(*this);
    const int where = line();
    go_on();
    return unary(Operator::logical_not, where, negation());
  }

  std::optional<Operator> comparison_operator() {
    static constexpr std::array<std::pair<std::string_view, Operator>, 6> known{{{"==", Operator::equal},
                                                                                 {"!=", Operator::not_equal},
                                                                                 {"<", Operator::less},
                                                                                 {"<=", Operator::less_equal},
                                                                                 {">", Operator::greater},
                                                                                 {">=", Operator::greater_equal}}};
    if (at(Lexeme::symbol)) {
      for (const auto& [text, op] : known)
        if (skip_symbol(text)) return op;
    }
    if (skip_name("in")) return Operator::in;
    if (at_name("not") && following().type == Lexeme::name && following().text == "in") {
      go_on();
      go_on();
      return Operator::not_in;
    }
    return std::nullopt;
  }

  ExpressionPointer comparison() {
    auto first = sum();
    const int where = line();
    auto op = comparison_operator();
    if (!op) return first;
    auto made = node(Type::comparison, where);
    adopt(*made, std::move(first));
    for (; op; op = comparison_operator()) {
      made->ops.push_back(*op);
      adopt(*made, sum());
    }
    return made;
  }

  template <class Part>
  ExpressionPointer chain(std::initializer_list<std::pair<std::string_view, Operator>> operators, Part part) {
    auto left = part();
    while (at(Lexeme::symbol)) {
      const auto found =
          std::ranges::find(operators, std::string_view(current().text), &std::pair<std::string_view, Operator>::first);
      if (found == operators.end()) break;
      const int where = line();
      go_on();
      left = binary(found->second, where, std::move(left), part());
    }
    return left;
  }

  ExpressionPointer sum() {
    return chain({{"+", Operator::add}, {"-", Operator::subtract}}, [&] { return joined(); });
  }

  ExpressionPointer joined() {
    auto first = product();
    if (!at_symbol("~")) return first;
    auto made = node(Type::concat, line());
    adopt(*made, std::move(first));
    while (skip_symbol("~")) adopt(*made, product());
    return made;
  }

  ExpressionPointer product() {
    return chain({{"*", Operator::multiply},
                  {"/", Operator::divide},
                  {"//", Operator::floor_divide},
                  {"%", Operator::remainder}},
                 [&] { return raised(); });
  }

  ExpressionPointer raised() {
    return chain({{"**", Operator::power}}, [&] { return signed_value(true); });
  }

  ExpressionPointer signed_value(bool filters) {
    const Deeper deeper(*this);
    const int where = line();
    ExpressionPointer value;
    if (skip_symbol("-")) {
      value = unary(Operator::negative, where, signed_value(false));
    } else if (skip_symbol("+")) {
      value = unary(Operator::positive, where, signed_value(false));
    } else {
      value = primary();
    }
    value = postfix(std::move(value));
    return filters ? filtered(std::move(value)) : std::move(value);
  }

  ExpressionPointer constant(Value value, int line) {
    auto made = node(Type::constant, line);
    made->constant = value;
    return made;
  }

  ExpressionPointer primary() {
    const int where = line();
    switch (current().type) {
      case Lexeme::name:
        return named_value(where);
      case Lexeme::string: {
        std::string text;
        for (; at(Lexeme::string); go_on()) text += current().text;
        return constant(syntax_.names.intern(text), where);
      }
      case Lexeme::integer:
        return integer(where);
      case Lexeme::number: {
        double number = 0;
        const std::string& text = current().text;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size())
          fail_at(where, "the number " + text + " is too large");
        go_on();
        return constant(number, where);
      }
      default:
        break;
    }
    if (skip_symbol("(")) {
      auto value = tuple(true, true);
      need_symbol(")");
      return value;
    }
    if (skip_symbol("[")) return sequence(where);
    if (skip_symbol("{")) return mapping(where);
    unexpected("a value");
  }

  ExpressionPointer named_value(int where) {
    const std::string& text = current().text;
    std::optional<Value> known;
    if (text == "true" || text == "True") known = Value(true);
    if (text == "false" || text == "False") known = Value(false);
    if (text == "none" || text == "None") known = Value();
    if (known) {
      go_on();
      return constant(*known, where);
    }
    auto made = node(Type::name, where);
    made->name = need_name();
    return made;
  }

  ExpressionPointer integer(int where) {
    std::int64_t value = 0;
    const std::string& text = current().text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) fail_at(where, "the number " + text + " is too large");
    go_on();
    return constant(value, where);
  }

  ExpressionPointer sequence(int where) {
    auto made = node(Type::list, where);
    while (!at_symbol("]")) {
      if (!made->children.empty()) need_symbol(",");
      if (at_symbol("]")) break;
      adopt(*made, expression());
    }
    need_symbol("]");
    return made;
  }

  ExpressionPointer mapping(int where) {
    auto made = node(Type::dict, where);
    while (!at_symbol("}")) {
      if (!made->children.empty()) need_symbol(",");
      if (at_symbol("}")) break;
      adopt(*made, expression());
      need_symbol(":");
      adopt(*made, expression());
    }
    need_symbol("}");
    return made;
  }

  /// One expression, or several with commas between. `empty` allows none, in brackets.
  ExpressionPointer tuple(bool conditionals, bool empty = false) {
    const int where = line();
    std::vector<ExpressionPointer> parts;
    bool commas = false;
    while (!at(Lexeme::close_value) && !at(Lexeme::close_block) && !at_symbol(")")) {
      parts.push_back(expression(conditionals));
      if (!at_symbol(",")) break;
      go_on();
      commas = true;
    }
    if (!commas && parts.size() == 1) return std::move(parts.front());
    if (parts.empty() && !empty) unexpected("a value");
    auto made = node(Type::tuple, where);
    for (auto& part : parts) adopt(*made, std::move(part));
    return made;
  }

  ExpressionPointer postfix(ExpressionPointer value) {
    while (at(Lexeme::symbol)) {
      const int where = line();
      if (skip_symbol(".")) {
        value = attribute(std::move(value), where);
      } else if (skip_symbol("[")) {
        value = item(std::move(value), where);
      } else if (at_symbol("(")) {
        value = call(std::move(value));
      } else {
        break;
      }
    }
    return value;
  }

  ExpressionPointer attribute(ExpressionPointer object, int where) {
    if (at(Lexeme::integer)) {
      auto made = node(Type::item, where);
      adopt(*made, std::move(object));
      adopt(*made, integer(where));
      return made;
    }
    auto made = node(Type::attribute, where);
    adopt(*made, std::move(object));
    made->name = need_name();
    return made;
  }

  ExpressionPointer item(ExpressionPointer object, int where) {
    std::array<ExpressionPointer, 3> parts;
    std::size_t part = 0;
    if (!at_symbol(":")) parts[0] = expression();
    while (part < 2 && skip_symbol(":")) {
      ++part;
      if (!at_symbol(":") && !at_symbol("]")) parts[part] = expression();
    }
    if (at_symbol(",")) fail_at(where, "an index of several values is not supported", errors::unsupported);
    need_symbol("]");
    auto made = node(part == 0 ? Type::item : Type::slice, where);
    adopt(*made, std::move(object));
    for (std::size_t i = 0; i < (part == 0 ? 1u : 3u); ++i) adopt(*made, std::move(parts[i]));
    return made;
  }

  ExpressionPointer call(ExpressionPointer function) {
    auto made = node(Type::call, line());
    adopt(*made, std::move(function));
    arguments(*made);
    return made;
  }

  void arguments(Expression& call) {
    need_symbol("(");
    for (bool first = true; !at_symbol(")"); first = false) {
      if (!first) need_symbol(",");
      if (at_symbol(")")) break;
      if (at_symbol("*") || at_symbol("**"))
        fail_at(line(), "arguments from a list or dict ('" + current().text + "') are not supported",
                errors::unsupported);
      if (at(Lexeme::name) && following().type == Lexeme::symbol && following().text == "=") {
        const Text* name = need_name();
        go_on();
        auto value = expression();
        call.height = std::max(call.height, value->height + 1);
        call.named.emplace_back(name, std::move(value));
      } else {
        if (!call.named.empty()) fail_at(line(), "an argument without a name follows one with a name");
        adopt(call, expression());
      }
    }
    need_symbol(")");
  }

  ExpressionPointer filtered(ExpressionPointer value) {
    while (true) {
      if (at_symbol("|")) {
        value = filter(std::move(value));
      } else if (at_name("is")) {
        value = test(std::move(value));
      } else if (at_symbol("(")) {
        value = call(std::move(value));
      } else {
        return value;
      }
    }
  }

  ExpressionPointer filter(ExpressionPointer value) {
    go_on();
    auto made = node(Type::filter, line());
    made->name = need_name();
    made->apply = find_filter(made->name->view());
    if (made->apply == nullptr)
      fail_at(made->line, "the filter '" + made->name->value.bytes() + "' is not supported", errors::unsupported);
    adopt(*made, std::move(value));
    if (at_symbol("(")) arguments(*made);
    return made;
  }

  ExpressionPointer test(ExpressionPointer value) {
    go_on();
    const bool negated = skip_name("not");
    auto made = node(Type::test, line());
    made->negated = negated;
    made->name = need_name();
    made->apply = find_test(made->name->view());
    if (made->apply == nullptr)
      fail_at(made->line, "the test '" + made->name->value.bytes() + "' is not supported", errors::unsupported);
    adopt(*made, std::move(value));
    if (at_symbol("(")) {
      arguments(*made);
    } else if (begins_argument()) {
      adopt(*made, postfix(primary()));
    }
    return made;
  }

  /// True where a test's argument without brackets follows: `x is divisibleby 3`.
  [[nodiscard]] bool begins_argument() const {
    if (at(Lexeme::string) || at(Lexeme::integer) || at(Lexeme::number) || at_symbol("[") || at_symbol("{"))
      return true;
    if (!at(Lexeme::name)) return false;
    static constexpr std::array<std::string_view, 6> others{"else", "or", "and", "is", "if", "in"};
    return std::ranges::find(others, std::string_view(current().text)) == others.end() && current().text != "not";
  }

  // Statements.

  /// Parses up to one of these tags, whose name is then the current token.
  Body body(std::initializer_list<std::string_view> ends) {
    const Deeper deeper(*this);
    const int first_line = line();
    Body statements;
    while (!at(Lexeme::end)) {
      if (at(Lexeme::data)) {
        auto made = statement(Statement::Type::data);
        made->text = syntax_.names.intern(current().text);
        go_on();
        statements.push_back(std::move(made));
      } else if (at(Lexeme::open_value)) {
        auto made = statement(Statement::Type::output);
        go_on();
        made->value = tuple(true);
        need(Lexeme::close_value, "'}}'");
        statements.push_back(std::move(made));
      } else {
        need(Lexeme::open_block, "a tag");
        if (at(Lexeme::name) && std::ranges::find(ends, std::string_view(current().text)) != ends.end())
          return statements;
        block(statements);
      }
    }
    if (ends.size() > 0) fail_at(first_line, "a block has no '" + std::string(*(ends.end() - 1)) + "'");
    return statements;
  }

  std::unique_ptr<Statement> statement(Statement::Type type) {
    auto made = std::make_unique<Statement>();
    made->type = type;
    made->line = line();
    return made;
  }

  void close_block() { need(Lexeme::close_block, "'%}'"); }
  void end_block(std::string_view name) {
    if (!skip_name(name)) unexpected("'" + std::string(name) + "'");
    close_block();
  }

  void block(Body& statements) {
    if (!at(Lexeme::name)) unexpected("a statement");
    const std::string name = current().text;
    if (name == "generation") {
      // The tag marks text that a model is trained on. A rendering keeps that text.
      go_on();
      close_block();
      Body inner = body({"endgeneration"});
      end_block("endgeneration");
      for (auto& part : inner) statements.push_back(std::move(part));
    } else if (name == "if") {
      statements.push_back(branches());
    } else if (name == "for") {
      statements.push_back(loop());
    } else if (name == "set") {
      statements.push_back(assignment());
    } else if (name == "macro") {
      statements.push_back(macro());
    } else if (name == "break" || name == "continue") {
      if (loops_ == 0) fail_at(line(), "'" + name + "' stands outside a loop");
      statements.push_back(statement(name == "break" ? Statement::Type::leave : Statement::Type::next));
      go_on();
      close_block();
    } else if (std::ranges::find(unsupported_statements, std::string_view(name)) != unsupported_statements.end()) {
      fail_at(line(), "the statement '" + name + "' is not supported", errors::unsupported);
    } else {
      fail_at(line(), "unknown statement '" + name + "'");
    }
  }

  std::unique_ptr<Statement> branches() {
    auto made = statement(Statement::Type::branch);
    do {
      go_on();  // if or elif
      Branch branch;
      branch.condition = tuple(false);
      close_block();
      branch.body = body({"elif", "else", "endif"});
      made->branches.push_back(std::move(branch));
    } while (at_name("elif"));
    if (skip_name("else")) {
      close_block();
      made->branches.push_back({nullptr, body({"endif"})});
    }
    end_block("endif");
    return made;
  }

  std::unique_ptr<Statement> loop() {
    auto made = statement(Statement::Type::loop);
    go_on();
    made->target = target(false);
    if (!skip_name("in")) unexpected("'in'");
    made->value = tuple(false);
    if (skip_name("if")) made->condition = expression();
    if (at_name("recursive")) fail_at(line(), "a recursive loop is not supported", errors::unsupported);
    close_block();
    ++loops_;
    made->body = body({"else", "endfor"});
    --loops_;
    if (skip_name("else")) {
      close_block();
      made->otherwise = body({"endfor"});
    }
    end_block("endfor");
    return made;
  }

  /// A name, names with commas, or an attribute of a namespace.
  ExpressionPointer target(bool attributes) {
    const Deeper deeper(*this);
    const int where = line();
    std::vector<ExpressionPointer> parts;
    bool commas = false;
    do {
      if (commas && !at(Lexeme::name) && !at_symbol("(")) break;
      if (skip_symbol("(")) {
        parts.push_back(target(false));
        need_symbol(")");
      } else {
        auto name = node(Type::name, line());
        name->name = need_name();
        if (attributes && parts.empty() && at_symbol(".")) {
          go_on();
          return attribute(std::move(name), where);
        }
        parts.push_back(std::move(name));
      }
      commas = commas || at_symbol(",");
    } while (skip_symbol(","));
    if (!commas) return std::move(parts.front());
    auto made = node(Type::tuple, where);
    for (auto& part : parts) adopt(*made, std::move(part));
    return made;
  }

  std::unique_ptr<Statement> assignment() {
    auto made = statement(Statement::Type::assign);
    go_on();
    made->target = target(true);
    if (skip_symbol("=")) {
      made->value = tuple(true);
      close_block();
      return made;
    }
    made->type = Statement::Type::capture;
    if (at_symbol("|")) {
      auto captured = node(Type::captured, line());
      made->value = filtered(std::move(captured));
    }
    close_block();
    made->body = body({"endset"});
    end_block("endset");
    return made;
  }

  std::unique_ptr<Statement> macro() {
    auto made = statement(Statement::Type::macro);
    go_on();
    made->name = need_name();
    need_symbol("(");
    while (!at_symbol(")")) {
      if (!made->parameters.empty()) need_symbol(",");
      if (at_symbol(")")) break;
      Parameter parameter{need_name(), nullptr};
      if (skip_symbol("=")) {
        parameter.standard = expression();
      } else if (!made->parameters.empty() && made->parameters.back().standard) {
        fail_at(line(), "a parameter without a default follows one with a default");
      }
      made->parameters.push_back(std::move(parameter));
    }
    need_symbol(")");
    close_block();
    const int loops = std::exchange(loops_, 0);
    made->body = body({"endmacro"});
    loops_ = loops;
    end_block("endmacro");
    return made;
  }

  std::vector<LexedToken> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;
  Syntax syntax_;
};

}  // namespace

Syntax parse_template(std::string_view source) {
  if (source.size() > longest_template)
    fail_at(0,
            "the template has " + std::to_string(source.size()) + " bytes; expected at most " +
                std::to_string(longest_template),
            errors::limit);
  return TemplateParser(source).run();
}

}  // namespace mobiedit::chat
