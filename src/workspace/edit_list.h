// Lists of edits by pointer: edits in force, without copies of their vectors.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/model/changes.h"

namespace mobiedit {

/// No pointer is null. Whoever makes a list keeps its edits alive.
using EditList = std::vector<const Edit*>;

[[nodiscard]] EditList list_of(std::span<const Edit> edits);

/// `earlier` and then `added`, without the edits whose fact a later one is about: the edits that are in force together.
[[nodiscard]] EditList in_force_with(const EditList& earlier, const EditList& added);

/// The rank-one updates of the edits, in their order.
[[nodiscard]] std::vector<const RankOneUpdate*> rank_one_updates_of(const EditList& edits);

/// The edits as changes for a session, with the rank-one updates of each layer stacked, and of each subject the neuron
/// in force (subject_neurons). Errors: as stack_updates.
[[nodiscard]] Result<Changes> changes_of(const EditList& edits);

}  // namespace mobiedit
