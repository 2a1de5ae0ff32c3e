// Staleness of cached keys and values as a search moves δ.
#pragma once

#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

/// Staleness at one step of a search by backprop.
struct Staleness {
  int step = 0;
  std::vector<double>
      cosines;  ///< cosines of the values cached at δ = 0 and the fresh ones, per layer above the edited one
};

/// Inserts `words` words of a made-up clause after the subject, so that more cached tokens can be stale: tokens before
/// the subject's last one never are. Cosines are empty if no token lies between subject and target. Errors: as
/// Editor::edit, naming the record.
[[nodiscard]] Result<std::vector<Staleness>> study_staleness(Editor& editor, const FactRecord& fact, int words,
                                                             const CancelToken& cancel = {});

}  // namespace mobiedit
