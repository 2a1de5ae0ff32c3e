// Perplexity of a text.
#pragma once

#include <cstddef>
#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// Tokens of one window; a model's context must hold as many.
inline constexpr std::size_t perplexity_window = 256;

/// exp(mean negative log-likelihood per token), with the adapters in force. The text is cut into windows, and each is
/// read from an empty context, behind a BOS where the model wants one. Reads `most_tokens` of the text at most; 0: all.
/// Errors: usage (fewer than two tokens), cancelled.
[[nodiscard]] Result<double> perplexity(Session& session, const Tokenizer& tokenizer, const std::string& text,
                                        const CancelToken& cancel = {}, std::size_t most_tokens = 0);

}  // namespace mobiedit
