// Confidence of a model in its own answer.
#pragma once

#include "backend/forward_pass.h"
#include "edit/contexts.h"

namespace mobiedit {

/// Joint probability of the first two tokens of the greedy answer to the context's prompt (up to target_start). It is
/// near 1 where the model has an answer of its own. Two tokens, as the first alone may follow from grammar. Throws
/// std::bad_alloc.
[[nodiscard]] double answer_confidence(ForwardPass& forward, const PassOptions& pass, const Context& context);

}  // namespace mobiedit
