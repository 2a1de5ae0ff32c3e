// Conflicts between edits: drops new edits until those that are left answer together and no earlier edit is lost.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/workspace/teach.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// Returns for each edit of `asked` whether it answers, with those of `in_force` in force.
using AskFn = std::function<Result<std::vector<bool>>(const EditList& in_force, const EditList& asked)>;

/// `earlier`: in force before. `watched`: those of them that are asked, in the order of `earlier`. New edits are the
/// kept outcomes; each that must go is refused and loses its vectors. New edits that do not answer go first. Where an
/// earlier edit answered before and no longer does, bisection finds the shortest series of new edits, from the first
/// on, that does this harm; the last of that series goes. Fills in Outcome::same_subject of those that stay. Errors:
/// `ask`'s.
[[nodiscard]] Status resolve_conflicts(const EditList& earlier, const EditList& watched, std::span<Outcome> outcomes,
                                       const AskFn& ask);

/// The kept outcomes' edits, in their order.
[[nodiscard]] EditList kept_edits(std::span<const Outcome> outcomes);

/// Refuses an outcome: it gives up its vectors.
void refuse(Outcome& outcome, Refusal refusal, std::string why_not);

}  // namespace mobiedit
