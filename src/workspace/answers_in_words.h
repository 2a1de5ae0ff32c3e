// Answers in words: what a model says about an edit's fact in the statement, in other wordings and in chat.
#pragma once

#include <span>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/workspace/teach.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// Asks for the facts of `outcomes`, with the edits `before` in force and with those of `after`, and sets
/// Outcome::answers. Wordings that the search did not read come first. Errors: usage (an edit that doesn't fit the
/// model), cancelled, out_of_memory; then no outcome changed.
[[nodiscard]] Status answer_in_words(const Model& model, const SessionOptions& options, const EditList& before,
                                     const EditList& after, std::span<Outcome* const> outcomes,
                                     const CancelToken& cancel);

}  // namespace mobiedit
