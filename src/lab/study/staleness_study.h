// How stale a prompt's cached tokens become as a search moves δ.
#pragma once

#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

/// At one step of a search by backprop.
struct Staleness {
  int step = 0;
  std::vector<double> cosines;  ///< of what was cached at δ = 0 and what is there now, by block above the edited one
};

/// `words` of a made-up clause stand between the subject and the rest of the prompt, so that so many more tokens are
/// cached that can be stale: tokens before the subject's last never are. Empty cosines: no token lies between subject
/// and target. Errors: as Editor::edit, naming the record.
[[nodiscard]] Result<std::vector<Staleness>> study_staleness(Editor& editor, const FactRecord& fact, int words,
                                                             const CancelToken& cancel = {});

}  // namespace mobiedit
