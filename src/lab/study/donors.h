// Donors: other subjects' values at the edited layer, as search directions.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

/// A record's subject in another fact's prompt.
struct Donor {
  std::vector<float> residual;  ///< leaving the edited block at the subject's last token, [d]
  double leaning = 0;           ///< mean log-probability of the fact's target there, over its contexts
};

/// The subjects of `others`, each once and the fact's own not among them, in the fact's prompt; those that lean to its
/// target most come first. Subjects that the prompt cannot take are left out. Errors: as Editor::edit; usage, if fewer
/// than two are left.
[[nodiscard]] Result<std::vector<Donor>> find_donors(Editor& editor, const FactRecord& fact,
                                                     std::span<const FactRecord> others,
                                                     const CancelToken& cancel = {});

}  // namespace mobiedit
