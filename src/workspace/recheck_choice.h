// The choice of earlier edits that are asked again after new ones.
#pragma once

#include "workspace/edit_list.h"

namespace mobiedit {

/// All edits in force, while there are at most 300. Of more: every edit of a new one's subject, the 200 whose
/// directions are nearest to the new ones', and 100 spread over the others; in the order of `in_force`.
[[nodiscard]] EditList worth_asking(const EditList& in_force, const EditList& added);

}  // namespace mobiedit
