// Facts of a subject that an edit's neuron was found together with, and the stored edits that hold them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mobiedit/edit/edit.h"

namespace mobiedit {

struct FoundWith {
  ServedFact fact;
  std::int64_t id = 0;  ///< the newest stored edit about the fact; 0: none
};

/// `edits`: those of the edit's base, in the order of ids. Throws std::bad_alloc.
[[nodiscard]] std::vector<FoundWith> found_with(const Edit& edit, std::span<const EditInfo> edits);

}  // namespace mobiedit
