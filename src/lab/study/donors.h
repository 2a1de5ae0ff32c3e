// Donors: other subjects' values at the edited layer, as search directions.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

/// The subject of a record in the prompt of another fact.
struct Donor {
  std::vector<float> residual;  ///< [d], output of the edited layer at the last token of the subject
  /// Mean log-probability of the fact's target behind this subject, over the fact's contexts.
  double leaning = 0;
};

/// Puts the subjects of `others` into the prompt of the fact: each subject once, without the subject of the fact.
/// Sorted by `leaning`, largest first. Leaves out subjects that the prompt cannot take. Errors: as Editor::edit; usage,
/// if fewer than two remain.
[[nodiscard]] Result<std::vector<Donor>> find_donors(Editor& editor, const FactRecord& fact,
                                                     std::span<const FactRecord> others,
                                                     const CancelToken& cancel = {});

}  // namespace mobiedit
