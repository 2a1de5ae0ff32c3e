// Changes of which edits are in force, and the other edits that such a change affects.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

enum class EditChange { undo, enable, disable };

struct StoreChange {
  std::vector<EditInfo> changed;  ///< the edits that were named, as they were before, in the order of ids
  std::vector<EditInfo> others;   ///< edits of their facts that are in force now and were not, or the other way round
};

/// Facts of one subject that a change leaves in force, though no neuron was found for just them.
struct UnservedFacts {
  std::vector<Edit> facts;  ///< facts in the order of ids; a neuron must be found again for the last
};

/// Returns the facts that the change would leave in force without a neuron. Errors: bad_model (a damaged record), io.
[[nodiscard]] Result<std::vector<UnservedFacts>> unserved_after(const Store& store, std::span<const std::int64_t> ids,
                                                                EditChange change);

/// The ids of a base's edits in force after the change, ascending. Errors: io.
[[nodiscard]] Result<std::vector<std::int64_t>> in_force_after(const Store& store, const std::string& base,
                                                               std::span<const std::int64_t> ids, EditChange change);

/// Removes edits for good, or puts them in force or out of it, all or none; an id may be named twice. `found` has a
/// neuron for each of unserved_after(). Errors: usage (no such edit, or a neuron is missing), io.
[[nodiscard]] Result<StoreChange> change_edits(Store& store, std::span<const std::int64_t> ids, EditChange change,
                                               std::span<const FoundAgain> found = {});

}  // namespace mobiedit
