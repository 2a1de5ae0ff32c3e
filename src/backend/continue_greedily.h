// Greedy continuations of many prompts at once: each step reads the weights once for all of them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

struct Continuation {
  std::vector<Token> tokens;  ///< without the token that ended it
  std::optional<Token> end;   ///< the token that ended it; none where it was cut off at the limit
};

/// Continues each prompt by its likeliest tokens, at most `most` of them, with what `pass` has in force. A prompt that
/// leaves no room in the model's context is continued up to its end. Errors: usage (an empty prompt, one that is
/// longer than the context), cancelled. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<Continuation>> continue_greedily(ForwardPass& forward, const PassOptions& pass,
                                                                  const Tokenizer& tokenizer,
                                                                  std::span<const std::vector<Token>> prompts, int most,
                                                                  const CancelToken& cancel = {});

}  // namespace mobiedit
