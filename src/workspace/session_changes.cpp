#include "workspace/session_changes.h"

#include <iterator>
#include <utility>

#include "base/try.h"
#include "workspace/edit_list.h"

namespace mobiedit {

Changes SessionChanges::all() const& {
  return SessionChanges(*this).all();
}

Changes SessionChanges::all() && {
  named.insert(named.end(), std::make_move_iterator(kept.adapters.begin()),
               std::make_move_iterator(kept.adapters.end()));
  return {std::move(named), std::move(kept.neurons)};
}

Result<SessionChanges> session_changes(std::vector<LowRankDelta> named, std::span<const Edit> edits) {
  MOBIEDIT_TRY(auto kept, changes_of(list_of(edits)));
  return SessionChanges{std::move(named), std::move(kept), edits.size()};
}

}  // namespace mobiedit
