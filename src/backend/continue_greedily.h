// Greedy continuations of many prompts at once: each pass reads the weights once for all of them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

struct Continuation {
  std::vector<Token> tokens;  ///< generated tokens without the one that ended them
  std::optional<Token> end;   ///< the token that ended it; none where it was cut off at the limit
};

/// Continues each prompt by its likeliest tokens, with what `pass` has in force, and returns continuations in order of
/// the prompts. Tokens that begin all prompts are computed once. A prompt that leaves no room in `context`, the longest
/// sequence in tokens, is continued up to its end. Errors: usage (a prompt that is empty, longer than the context, or
/// has an id outside the vocabulary), cancelled. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<Continuation>> continue_greedily(ForwardPass& forward, const PassOptions& pass,
                                                                  const Tokenizer& tokenizer,
                                                                  std::span<const GenerationPrompt> prompts,
                                                                  int context, const CancelToken& cancel = {});

}  // namespace mobiedit
