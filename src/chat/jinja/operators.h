// Arithmetic and comparison of templates' values, by Python's rules.
#pragma once

#include "chat/jinja/runtime.h"
#include "chat/jinja/syntax.h"

namespace mobiedit::chat {

[[nodiscard]] Value apply_unary(Operator op, Value operand);
/// Not for `and` and `or`, whose right side may go unevaluated.
[[nodiscard]] Value apply_binary(Runtime& runtime, Operator op, Value left, Value right);
[[nodiscard]] bool apply_comparison(Runtime& runtime, Operator op, Value left, Value right);

}  // namespace mobiedit::chat
