#include "mobiedit/store/change.h"

#include <algorithm>
#include <new>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/try.h"
#include "edit/fact_key.h"
#include "edit/subject_neurons.h"
#include "mobiedit/store/errors.h"

namespace mobiedit {
namespace {

EditRequest request_of(const EditInfo& info) {
  return {info.subject, info.prompt, info.target_new, {}, {}};
}

/// In the order of ids; those that are in force once the change is made.
std::vector<const EditInfo*> left_in_force(const std::vector<EditInfo>& all, std::span<const std::int64_t> ids,
                                           EditChange change) {
  std::vector<const EditInfo*> left;
  std::unordered_set<std::string> newer;
  for (auto edit = all.rbegin(); edit != all.rend(); ++edit) {
    const bool named = std::ranges::find(ids, edit->id) != ids.end();
    if (named ? change != EditChange::enable : !edit->enabled) continue;
    if (newer.insert(edit->base.fingerprint + "\n" + fact_key(request_of(*edit))).second) left.push_back(&*edit);
  }
  std::ranges::reverse(left);
  return left;
}

bool serves(const FoundAgain& found, const std::vector<Edit>& facts) {
  if (found.edit != facts.back().id) return false;
  Edit newest = facts.back();
  newest.found_again.push_back(found.neuron);
  std::vector<const Edit*> edits;
  for (const Edit& fact : facts) edits.push_back(fact.id == newest.id ? &newest : &fact);
  return subject_neurons(edits).front().exact;
}

Status all_served(const std::vector<UnservedFacts>& unserved, std::span<const FoundAgain> found) {
  for (const UnservedFacts& subject : unserved) {
    if (std::ranges::any_of(found, [&](const FoundAgain& again) { return serves(again, subject.facts); })) continue;
    return fail(store_errors::unserved,
                "one neuron serves all facts of " + subject.facts.back().request.subject +
                    ", and it must be found again for those that stay in force; nothing was changed",
                "edit " + std::to_string(subject.facts.back().id), "that needs the model");
  }
  return {};
}

}  // namespace

Result<std::vector<UnservedFacts>> unserved_after(const Store& store, std::span<const std::int64_t> ids,
                                                  EditChange change) try {
  MOBIEDIT_TRY(const auto all, store.list());
  std::set<std::string> subjects;
  const auto key_of = [](const EditInfo& info) { return info.base.fingerprint + "\n" + subject_key(request_of(info)); };
  for (const EditInfo& edit : all)
    if (edit.kind == kind_of(Neuron()) && std::ranges::find(ids, edit.id) != ids.end()) subjects.insert(key_of(edit));
  std::vector<UnservedFacts> unserved;
  if (subjects.empty()) return unserved;
  const auto left = left_in_force(all, ids, change);
  for (const std::string& subject : subjects) {
    std::vector<Edit> edits;
    for (const EditInfo* info : left) {
      if (info->kind != kind_of(Neuron()) || key_of(*info) != subject) continue;
      MOBIEDIT_TRY(auto edit, store.get(info->id));
      edits.push_back(std::move(edit));
    }
    std::vector<const Edit*> places;
    for (const Edit& edit : edits) places.push_back(&edit);
    for (const SubjectNeuron& one : subject_neurons(places)) {
      if (one.exact) continue;
      auto& facts = unserved.emplace_back().facts;
      for (const Edit* fact : one.facts) facts.push_back(*fact);
    }
  }
  return unserved;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to change the edits", store.path().string());
}

Result<std::vector<std::int64_t>> in_force_after(const Store& store, const std::string& base,
                                                 std::span<const std::int64_t> ids, EditChange change) {
  MOBIEDIT_TRY(const auto all, store.list(base));
  std::vector<std::int64_t> left;
  for (const EditInfo* info : left_in_force(all, ids, change)) left.push_back(info->id);
  return left;
}

Result<StoreChange> change_edits(Store& store, std::span<const std::int64_t> named, EditChange change,
                                 std::span<const FoundAgain> found) {
  std::vector<std::int64_t> ids(named.begin(), named.end());
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  MOBIEDIT_TRY(auto before, store.list());
  MOBIEDIT_TRY(const auto unserved, unserved_after(store, ids, change));
  MOBIEDIT_CHECK(all_served(unserved, found));
  MOBIEDIT_CHECK(change == EditChange::undo ? store.remove(ids, found)
                                            : store.set_enabled(ids, change == EditChange::enable, found));
  MOBIEDIT_TRY(auto after, store.list());

  StoreChange report;
  for (EditInfo& edit : after) {
    const auto old = std::ranges::lower_bound(before, edit.id, {}, &EditInfo::id);
    if (!std::ranges::binary_search(ids, edit.id) && old->in_force() != edit.in_force())
      report.others.push_back(std::move(edit));
  }
  for (EditInfo& edit : before)
    if (std::ranges::binary_search(ids, edit.id)) report.changed.push_back(std::move(edit));
  return report;
}

}  // namespace mobiedit
