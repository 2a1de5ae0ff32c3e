// Asks a model the prompts of edits: does greedy generation give their targets?
#pragma once

#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// For each edit of `asked`, whether greedy generation from its prompt gives its target exactly, with the changes in
/// force in the session. Errors: as Session::score.
[[nodiscard]] Result<std::vector<bool>> answering(Session& session, const Tokenizer& tokenizer, const EditList& asked,
                                                  const CancelToken& cancel);

/// Puts the edits of `in_force` in force first. Errors: also as stack_updates and Session::set_in_force.
[[nodiscard]] Result<std::vector<bool>> answering_with(Session& session, const Tokenizer& tokenizer,
                                                       const EditList& in_force, const EditList& asked,
                                                       const CancelToken& cancel);

/// Measures an edit again with others in force beside it: probability and answer, paraphrases and prompts to keep. The
/// evidence's fields from before the edit stay. Errors: as Session::score and Session::append.
[[nodiscard]] Status measure_again(Session& session, const Tokenizer& tokenizer, Edit& edit, const CancelToken& cancel);

}  // namespace mobiedit
