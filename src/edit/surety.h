// How sure a model is of what it says next.
#pragma once

#include "edit/contexts.h"
#include "model/forward.h"

namespace mobiedit {

/// The probability of the likeliest token at the context's target_start: near 1 where the model has an answer of its
/// own, lower where it has none.
[[nodiscard]] double surety(Forward& forward, const Context& context);

}  // namespace mobiedit
