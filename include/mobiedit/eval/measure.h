// Measurement of a fact in a model: probabilities of its answers, and the model's own answer.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// Removes white space at both ends.
[[nodiscard]] std::string trimmed(std::string_view text);

/// prompt + " " + target, scored from the target's first token on. Encodes the sentence as a whole.
[[nodiscard]] ScoredText scored_answer(const Tokenizer& tokenizer, const std::string& prompt,
                                       const std::string& target);

/// Greedy continuation of the prompt, as many tokens as the target has, without white space around it.
/// Empties the session's KV cache. Errors: as Session::append.
[[nodiscard]] Result<std::string> greedy_answer(Session& session, const Tokenizer& tokenizer, const std::string& prompt,
                                                const std::string& target, const CancelToken& cancel = {});

/// Scores the fact's prompt, paraphrases and neighbours with the adapters in force, and continues its generation
/// prompts; the search's own fields are left at zero. Errors: as Session::score, with `where` naming the record.
[[nodiscard]] Result<FactOutcome> measure_fact(Session& session, const Tokenizer& tokenizer, const FactRecord& fact,
                                               const CancelToken& cancel = {});

/// Fills in `locality` of `after`: the share of neighbours' tokens that agree with `before`, measured without the edit.
void compare_neighbours(const FactOutcome& before, FactOutcome& after);

/// The facts whose true answer greedy generation gives, with the adapters in force. Skips facts without a true answer.
/// Errors: as Session::score.
[[nodiscard]] Result<std::vector<FactRecord>> known_facts(Session& session, const Tokenizer& tokenizer,
                                                          std::span<const FactRecord> facts,
                                                          const CancelToken& cancel = {});

}  // namespace mobiedit
