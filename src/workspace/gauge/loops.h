// Loops in generated text.
#pragma once

#include <span>

#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// True for an answer that repeats one n-gram up to its end: at least three times, and over at least eight tokens.
[[nodiscard]] bool ends_in_a_loop(std::span<const Token> answer);

}  // namespace mobiedit
