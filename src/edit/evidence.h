// Evidence of an edit: the model's answers without the update and with it.
#pragma once

#include "edit/contexts.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/changes.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct Edit;

/// Tokens of an answer to a prompt of EditRequest::keep that are compared.
inline constexpr int keep_tokens = 5;

/// Asks the whole model twice, first with `before` in force, then with `after`, and fills in the edit's
/// success, answers, target probabilities, paraphrases and kept prompts. Nothing of the search is used. Errors:
/// cancelled, out_of_memory, and those of Session; the edit may then be filled in part.
[[nodiscard]] Status measure_evidence(Edit& edit, const Model& model, const ContextSet& contexts, const Changes& before,
                                      const Changes& after, const SessionOptions& options, const CancelToken& cancel);

}  // namespace mobiedit
