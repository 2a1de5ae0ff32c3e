// Measures a fact in a model as it stands: who is more probable, and what it would say.
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

/// `prompt` with {} replaced by the subject.
[[nodiscard]] std::string filled_prompt(std::string_view prompt, std::string_view subject);

/// Without white space around it.
[[nodiscard]] std::string trimmed(std::string_view text);

/// prompt + " " + target, to be scored from the target's first token on. The whole is encoded at once, as a reader of
/// the sentence would see it.
[[nodiscard]] ScoredText scored_answer(const Tokenizer& tokenizer, const std::string& prompt,
                                       const std::string& target);

/// What greedy generation says after the prompt, as many tokens as the target has, without white space around it.
/// Empties the session's KV cache. Errors: as Session::append.
[[nodiscard]] Result<std::string> greedy_answer(Session& session, const Tokenizer& tokenizer, const std::string& prompt,
                                                const std::string& target, const CancelToken& cancel = {});

/// Scores the fact's prompt, paraphrases and neighbours with the adapters in force, and goes on from its generation
/// prompts; the search's own fields are left at zero. Errors: as Session::score, with `where` naming the record.
[[nodiscard]] Result<FactOutcome> measure_fact(Session& session, const Tokenizer& tokenizer, const FactRecord& fact,
                                               const CancelToken& cancel = {});

/// Fills in what of the neighbours' answers is in `after` as it was in `before`, the same fact's without the edit.
void compare_neighbours(const FactOutcome& before, FactOutcome& after);

/// Those facts whose true answer greedy generation gives, with the adapters in force; facts without one are none.
/// Errors: as Session::score.
[[nodiscard]] Result<std::vector<FactRecord>> known_facts(Session& session, const Tokenizer& tokenizer,
                                                          std::span<const FactRecord> facts,
                                                          const CancelToken& cancel = {});

}  // namespace mobiedit
