// Questions that take more than one fact, after the edits of a case.
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
  bool together = false;  ///< one update of all edits (memit), rather than one after another
};

/// Shares are from 0 to 1.
struct MultihopOutcome {
  int edits = 0;
  double recall = 0;       ///< of the edits, those whose own prompt gives the new answer with all in force
  double answered = 0;     ///< of the questions, those that some wording answers as after the edits
  double old_answers = 0;  ///< of the questions, those that some wording still answers as before the edits
  double before = 0;       ///< `answered` without the edits
  double old_before = 0;   ///< `old_answers` without the edits
  bool known = false;      ///< without the edits the model gives every edited fact's true answer
  double evaluations = 0;
};

/// Returns true if a generated text begins with one of the answers as a whole word.
[[nodiscard]] bool gives_answer(std::string_view generated, std::span<const std::string> answers);

/// The editor's and the session's adapters are replaced, and gone afterwards. A wording that ends with a question mark
/// is asked as "Question: … Answer:", others are gone on with. Errors: as Editor::edit's and together's, naming the
/// record.
[[nodiscard]] Result<MultihopOutcome> measure_multihop(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                                       const FactRecord& record, const MultihopOptions& options,
                                                       const EditProgressFn& progress = {},
                                                       const CancelToken& cancel = {});

}  // namespace mobiedit
