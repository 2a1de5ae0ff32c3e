// Changes of the edits in force, with what else comes into force or falls out of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

struct StoreChange {
  std::vector<EditInfo> changed;  ///< the edits that were named, as they were before, in the order of ids
  std::vector<EditInfo> others;   ///< edits of their facts that are in force now and were not, or the other way round
};

/// Removes edits for good, all or none; an id may be named twice. Errors: usage (no such edit), io.
[[nodiscard]] Result<StoreChange> undo_edits(Store& store, std::span<const std::int64_t> ids);

/// Puts edits in force or out of it, all or none; an id may be named twice. Errors: usage (no such edit), io.
[[nodiscard]] Result<StoreChange> enable_edits(Store& store, std::span<const std::int64_t> ids, bool enabled);

}  // namespace mobiedit
