#include "chat/jinja/operators.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace mobiedit::chat {
namespace {

std::string_view symbol_of(Operator op) {
  switch (op) {
    case Operator::add:
      return "+";
    case Operator::subtract:
      return "-";
    case Operator::multiply:
      return "*";
    case Operator::divide:
      return "/";
    case Operator::floor_divide:
      return "//";
    case Operator::remainder:
      return "%";
    case Operator::power:
      return "**";
    default:
      return "";
  }
}

[[noreturn]] void overflow() {
  fail_here("an integer goes beyond 64 bits");
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  if (b == 0) fail_here("division by zero");
  if (b == -1 && a == std::numeric_limits<std::int64_t>::min()) overflow();
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  if (b == 0) fail_here("division by zero");
  if (b == -1) return 0;
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return result;
}

Value integers(Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Operator::add:
      if (__builtin_add_overflow(a, b, &result)) overflow();
      return result;
    case Operator::subtract:
      if (__builtin_sub_overflow(a, b, &result)) overflow();
      return result;
    case Operator::multiply:
      if (__builtin_mul_overflow(a, b, &result)) overflow();
      return result;
    case Operator::divide:
      if (b == 0) fail_here("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case Operator::floor_divide:
      return floor_quotient(a, b);
    case Operator::remainder:
      return floor_remainder(a, b);
    default:
      if (b < 0) return std::pow(static_cast<double>(a), static_cast<double>(b));
      return integer_power(a, b);
  }
}

Value numbers(Operator op, double a, double b) {
  const bool divides = op == Operator::divide || op == Operator::floor_divide || op == Operator::remainder;
  if (divides && b == 0) fail_here("division by zero");
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::divide:
      return a / b;
    case Operator::floor_divide:
      return std::floor(a / b);
    case Operator::remainder: {
      const double rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    default:
      return std::pow(a, b);
  }
}

/// Repeats a text or a list.
Value repeated(Runtime& runtime, Value value, std::int64_t times) {
  times = std::max<std::int64_t>(times, 0);
  if (value.is(Kind::text)) {
    TextMaker text(runtime.budget());
    for (std::int64_t i = 0; i < times; ++i) text.append(value.text().value);
    return runtime.heap().text(text.take());
  }
  std::vector<Value> items;
  for (std::int64_t i = 0; i < times; ++i) {
    runtime.budget().step(value.list().items.size());
    runtime.budget().take(value.list().items.size() * sizeof(Value));
    items.insert(items.end(), value.list().items.begin(), value.list().items.end());
  }
  return runtime.heap().list(std::move(items), value.list().type);
}

bool repeats(Value value) {
  return value.is(Kind::text) ||
         (value.is(Kind::list) && (value.list().type == List::Type::list || value.list().type == List::Type::tuple));
}

Value added(Runtime& runtime, Value left, Value right) {
  if (left.is(Kind::text) && right.is(Kind::text)) {
    TextMaker text(runtime.budget());
    text.append(left.text().value);
    text.append(right.text().value);
    return runtime.heap().text(text.take());
  }
  if (left.is(Kind::list) && right.is(Kind::list) && repeats(left) && left.list().type == right.list().type) {
    std::vector<Value> items = elements(runtime.heap(), left);
    const std::vector<Value> more = elements(runtime.heap(), right);
    runtime.budget().step(items.size() + more.size());
    items.insert(items.end(), more.begin(), more.end());
    return runtime.heap().list(std::move(items), left.list().type);
  }
  fail_here("'+' does not go with a " + type_name(left) + " and a " + type_name(right));
}

}  // namespace

Value apply_unary(Operator op, Value operand) {
  if (op == Operator::logical_not) return !truth(operand);
  need_defined(operand);
  if (!operand.is_number()) fail_here("a sign needs a number; found a " + type_name(operand));
  if (operand.is(Kind::number)) return op == Operator::negative ? -operand.number() : operand.number();
  return op == Operator::negative ? integers(Operator::subtract, 0, operand.integer()) : Value(operand.integer());
}

Value apply_binary(Runtime& runtime, Operator op, Value left, Value right) {
  need_defined(left);
  need_defined(right);
  if (left.is_integer() && right.is_integer()) return integers(op, left.integer(), right.integer());
  if (left.is_number() && right.is_number()) return numbers(op, left.number(), right.number());
  if (op == Operator::add) return added(runtime, left, right);
  if (op == Operator::multiply && repeats(left) && right.is_integer()) return repeated(runtime, left, right.integer());
  if (op == Operator::multiply && repeats(right) && left.is_integer()) return repeated(runtime, right, left.integer());
  if (op == Operator::remainder && left.is(Kind::text))
    fail_here("the formatting of texts with '%' is not supported", errors::unsupported);
  fail_here("'" + std::string(symbol_of(op)) + "' does not go with a " + type_name(left) + " and a " +
            type_name(right));
}

bool apply_comparison(Runtime& runtime, Operator op, Value left, Value right) {
  switch (op) {
    case Operator::equal:
      return equal(runtime.heap(), left, right);
    case Operator::not_equal:
      return !equal(runtime.heap(), left, right);
    case Operator::in:
      return contains(runtime, right, left);
    case Operator::not_in:
      return !contains(runtime, right, left);
    case Operator::less:
      return compare(runtime.heap(), left, right) < 0;
    case Operator::less_equal:
      return compare(runtime.heap(), left, right) <= 0;
    case Operator::greater:
      return compare(runtime.heap(), left, right) > 0;
    default:
      return compare(runtime.heap(), left, right) >= 0;
  }
}

}  // namespace mobiedit::chat
