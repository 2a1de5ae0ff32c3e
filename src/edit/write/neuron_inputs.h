// Inputs of a layer's feed-forward, n, at every position of some texts.
#pragma once

#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// [tokens, d] of each of `texts`, with what `pass` has in force. Errors: cancelled. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<std::vector<float>>> neuron_inputs(ForwardPass& forward, const PassOptions& pass,
                                                                    std::span<const std::span<const Token>> texts,
                                                                    int layer, const CancelToken& cancel);

}  // namespace mobiedit
