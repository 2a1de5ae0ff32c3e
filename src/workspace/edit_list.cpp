#include "workspace/edit_list.h"

#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include "edit/fact_key.h"
#include "edit/subject_neurons.h"
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

std::vector<const RankOneUpdate*> rank_one_updates_of(const EditList& edits) {
  std::vector<const RankOneUpdate*> updates;
  for (const Edit* edit : edits)
    if (const auto* update = std::get_if<RankOneUpdate>(&edit->update)) updates.push_back(update);
  return updates;
}

Result<Changes> changes_of(const EditList& edits) {
  Changes changes;
  if (const auto updates = rank_one_updates_of(edits); !updates.empty()) {
    auto stacked = stack_updates(updates);
    if (!stacked) return std::unexpected(stacked.error());
    changes.adapters = std::move(*stacked);
  }
  for (const SubjectNeuron& subject : subject_neurons(edits)) changes.neurons.push_back(*subject.neuron);
  return changes;
}

}  // namespace mobiedit
