// How sure a model is of what it says next.
#pragma once

#include "backend/forward_pass.h"
#include "edit/contexts.h"

namespace mobiedit {

/// The probability of the two tokens that greedy generation gives behind the context's prompt (up to target_start):
/// near 1 where the model has an answer of its own. Where it has none, the first may be a matter of grammar; hardly
/// both.
[[nodiscard]] double answer_confidence(ForwardPass& forward, const PassOptions& pass, const Context& context);

}  // namespace mobiedit
