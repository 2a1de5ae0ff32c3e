// Tests of templates: what follows `is`.
#include <algorithm>
#include <array>

#include "chat/jinja/builtins.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_operations.h"

namespace mobiedit::chat {
namespace {

/// The subject, where a test takes nothing else.
Value subject(const Arguments& arguments) {
  const Bound bound("test", arguments, {"value"}, 1);
  return *bound[0];
}

template <Kind kind>
Value kind_test(Runtime&, const Arguments& arguments) {
  return subject(arguments).is(kind);
}

Value defined_test(Runtime&, const Arguments& arguments) {
  return !subject(arguments).is(Kind::undefined);
}
Value iterable_test(Runtime&, const Arguments& arguments) {
  const Value value = subject(arguments);
  return value.is(Kind::text) || value.is(Kind::list) || value.is(Kind::dict) || value.is(Kind::undefined) ||
         value.is(Kind::loop);
}
Value sequence_test(Runtime&, const Arguments& arguments) {
  const Value value = subject(arguments);
  const bool list =
      value.is(Kind::list) && value.list().type != List::Type::view && value.list().type != List::Type::generator;
  return list || value.is(Kind::text) || value.is(Kind::dict) || value.is(Kind::undefined);
}
Value number_test(Runtime&, const Arguments& arguments) {
  return subject(arguments).is_number();
}
template <bool wanted>
Value boolean_test(Runtime&, const Arguments& arguments) {
  const Value value = subject(arguments);
  return value.is(Kind::boolean) && value.boolean() == wanted;
}
Value callable_test(Runtime&, const Arguments& arguments) {
  return subject(arguments).is(Kind::function);
}

std::int64_t whole(Value value) {
  need_defined(value);
  if (!value.is_integer()) fail_here("an integer is needed; found a " + type_name(value));
  return value.integer();
}
template <int rest>
Value parity_test(Runtime&, const Arguments& arguments) {
  return (whole(subject(arguments)) & 1) == rest;
}
Value divisible_test(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("divisibleby", arguments, {"value", "num"}, 2);
  return apply_binary(runtime, Operator::remainder, Value(whole(*bound[0])), Value(whole(*bound[1]))).integer() == 0;
}

template <Operator op>
Value comparison_test(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("test", arguments, {"value", "other"}, 2);
  return apply_comparison(runtime, op, *bound[0], *bound[1]);
}

template <Case wanted>
Value case_test(Runtime& runtime, const Arguments& arguments) {
  const Value value = subject(arguments);
  if (!value.is(Kind::text)) fail_here("a text is needed; found a " + type_name(value));
  const MarkedText& text = value.text().value;
  constexpr Case other = wanted == Case::upper ? Case::lower : Case::upper;
  // Python asks for at least one letter that has cases.
  return in_case(runtime, text, wanted).bytes() == text.bytes() &&
         in_case(runtime, text, other).bytes() != text.bytes();
}

/// Identity: for small values that is equality.
Value same_test(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("sameas", arguments, {"value", "other"}, 2);
  const Value a = *bound[0], b = *bound[1];
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::list)) return &a.list() == &b.list();
  if (a.is(Kind::dict)) return &a.dict() == &b.dict();
  return equal(runtime.heap(), a, b);
}

constexpr auto known_tests = std::to_array<NamedBuiltin>({{"defined", defined_test},
                                                          {"undefined", kind_test<Kind::undefined>},
                                                          {"none", kind_test<Kind::none>},
                                                          {"string", kind_test<Kind::text>},
                                                          {"mapping", kind_test<Kind::dict>},
                                                          {"boolean", kind_test<Kind::boolean>},
                                                          {"integer", kind_test<Kind::integer>},
                                                          {"float", kind_test<Kind::number>},
                                                          {"number", number_test},
                                                          {"iterable", iterable_test},
                                                          {"sequence", sequence_test},
                                                          {"true", boolean_test<true>},
                                                          {"false", boolean_test<false>},
                                                          {"callable", callable_test},
                                                          {"odd", parity_test<1>},
                                                          {"even", parity_test<0>},
                                                          {"divisibleby", divisible_test},
                                                          {"in", comparison_test<Operator::in>},
                                                          {"eq", comparison_test<Operator::equal>},
                                                          {"equalto", comparison_test<Operator::equal>},
                                                          {"==", comparison_test<Operator::equal>},
                                                          {"ne", comparison_test<Operator::not_equal>},
                                                          {"!=", comparison_test<Operator::not_equal>},
                                                          {"lt", comparison_test<Operator::less>},
                                                          {"lessthan", comparison_test<Operator::less>},
                                                          {"<", comparison_test<Operator::less>},
                                                          {"le", comparison_test<Operator::less_equal>},
                                                          {"<=", comparison_test<Operator::less_equal>},
                                                          {"gt", comparison_test<Operator::greater>},
                                                          {"greaterthan", comparison_test<Operator::greater>},
                                                          {">", comparison_test<Operator::greater>},
                                                          {"ge", comparison_test<Operator::greater_equal>},
                                                          {">=", comparison_test<Operator::greater_equal>},
                                                          {"upper", case_test<Case::upper>},
                                                          {"lower", case_test<Case::lower>},
                                                          {"sameas", same_test}});

}  // namespace

Applied find_test(std::string_view name) {
  const auto found = std::ranges::find(known_tests, name, &NamedBuiltin::first);
  return found == known_tests.end() ? nullptr : found->second;
}

}  // namespace mobiedit::chat
