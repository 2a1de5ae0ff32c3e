// Fluency: n-gram entropy of generated text (ROME).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// (2/3 H₂ + 4/3 H₃) / 2, with H_n the entropy in bits of the runs of n words (CounterFact's measure). Low for a
/// text that repeats itself. Words are runs of letters and digits, and each other character but white space.
[[nodiscard]] double ngram_entropy(std::string_view text);

/// Mean fluency over `prompts`. Each is continued to 100 tokens, the prompt included, by sampling among the five
/// likeliest with a fixed seed. Empties the session's KV cache. Errors: as Session::append.
[[nodiscard]] Result<double> fluency(Session& session, const Tokenizer& tokenizer, std::span<const std::string> prompts,
                                     const CancelToken& cancel);

}  // namespace mobiedit
