#include "workspace/edit_list.h"

#include <string>
#include <unordered_set>

#include "edit/fact_key.h"
#include "mobiedit/store/adapter.h"

namespace mobiedit {

EditList list_of(std::span<const Edit> edits) {
  EditList list;
  list.reserve(edits.size());
  for (const Edit& edit : edits) list.push_back(&edit);
  return list;
}

EditList in_force_with(const EditList& earlier, const EditList& added) {
  EditList list;
  std::unordered_set<std::string> later;
  // From the last: an edit stands if no later one is about its fact.
  for (auto edit = added.rbegin(); edit != added.rend(); ++edit)
    if (later.insert(fact_key((*edit)->request)).second) list.push_back(*edit);
  for (auto edit = earlier.rbegin(); edit != earlier.rend(); ++edit)
    if (later.empty() || !later.contains(fact_key((*edit)->request))) list.push_back(*edit);
  return {list.rbegin(), list.rend()};
}

std::vector<RankOneUpdate> updates_of(const EditList& edits) {
  std::vector<RankOneUpdate> updates;
  updates.reserve(edits.size());
  for (const Edit* edit : edits) updates.push_back(edit->update);
  return updates;
}

Result<std::vector<LowRankDelta>> deltas_of(const EditList& edits) {
  if (edits.empty()) return std::vector<LowRankDelta>();
  std::vector<const RankOneUpdate*> updates;
  updates.reserve(edits.size());
  for (const Edit* edit : edits) updates.push_back(&edit->update);
  return stack_updates(updates);
}

}  // namespace mobiedit
