// Lists of edits by pointer: edits in force, without copies of their vectors.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/model/low_rank.h"

namespace mobiedit {

/// No pointer is null. Whoever makes a list keeps its edits alive.
using EditList = std::vector<const Edit*>;

[[nodiscard]] EditList list_of(std::span<const Edit> edits);

/// `earlier` and then `added`, without the edits whose fact a later one is about: the edits that are in force together.
[[nodiscard]] EditList in_force_with(const EditList& earlier, const EditList& added);

/// The updates of the edits, in their order.
[[nodiscard]] std::vector<RankOneUpdate> updates_of(const EditList& edits);

/// The edits as deltas for a session, those of one layer stacked; none for no edits. Errors: as stack_updates.
[[nodiscard]] Result<std::vector<LowRankDelta>> deltas_of(const EditList& edits);

}  // namespace mobiedit
