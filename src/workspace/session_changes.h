// Changes for a session: adapters that a user names, and kept edits.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/model/changes.h"

namespace mobiedit {

struct SessionChanges {
  std::vector<LowRankDelta> named;  ///< adapters
  Changes kept;                     ///< changes of the kept edits
  std::size_t edits = 0;            ///< number of kept edits

  /// All changes together, the adapters first. Throws std::bad_alloc.
  [[nodiscard]] Changes all() const&;
  [[nodiscard]] Changes all() &&;
};

/// `edits` are in force together, in the order of ids. Errors: as stack_updates.
[[nodiscard]] Result<SessionChanges> session_changes(std::vector<LowRankDelta> named, std::span<const Edit> edits);

}  // namespace mobiedit
