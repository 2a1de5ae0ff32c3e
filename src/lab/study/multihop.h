// Multi-hop questions: they need more than one fact, and are asked after the edits of a case.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

struct MultihopOptions {
  bool together = false;  ///< writes all edits in one update (memit) instead of one after another
};

/// Shares lie between 0 and 1.
struct MultihopOutcome {
  int edits = 0;
  double recall = 0;       ///< share of the edits whose prompt gives the new answer, with all edits in force
  double answered = 0;     ///< share of the questions with a wording that gets the new answer
  double old_answers = 0;  ///< share of the questions with a wording that gets the answer from before the edits
  double before = 0;       ///< `answered` without the edits
  double old_before = 0;   ///< `old_answers` without the edits
  bool known = false;      ///< the model without the edits gives the true answer of every edited fact
  double evaluations = 0;
};

/// Returns true if a generated text begins with one of the answers as a whole word.
[[nodiscard]] bool gives_answer(std::string_view generated, std::span<const std::string> answers);

/// Replaces the adapters of editor and session, and leaves none. A wording that ends with a question mark is asked as
/// "Question: … Answer:"; other wordings are continued. Errors: as Editor::edit and Editor::mass_edit, naming the
/// record.
[[nodiscard]] Result<MultihopOutcome> measure_multihop(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                                       const FactRecord& record, const MultihopOptions& options,
                                                       const EditProgressFn& progress = {},
                                                       const CancelToken& cancel = {});

}  // namespace mobiedit
