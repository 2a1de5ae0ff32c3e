#include "workspace/resolve_conflicts.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mobiedit {
namespace {

class Conflicts {
 public:
  Conflicts(const EditList& earlier, const EditList& watched, std::span<Outcome> outcomes, const AskFn& ask)
      : earlier_(earlier),
        watched_(watched),
        is_watched_(watched.begin(), watched.end()),
        outcomes_(outcomes),
        ask_(ask) {}

  Status resolve() {
    auto before = ask_(earlier_, watched_);
    if (!before) return std::unexpected(before.error());
    for (std::size_t i = 0; i < watched_.size(); ++i) answered_before_[watched_[i]] = (*before)[i];
    while (true) {
      const auto kept = kept_outcomes();
      if (kept.empty()) return {};
      auto asked = ask_with(kept);
      if (!asked) return std::unexpected(asked.error());
      if (refuse_unanswered(kept, *asked)) continue;
      const Edit* lost = first_lost(*asked);
      if (lost == nullptr) {
        for (Outcome* outcome : kept) note_same_subject(*outcome, *asked);
        return {};
      }
      const auto culprit = find_culprit(kept);
      if (!culprit) return std::unexpected(culprit.error());
      refuse(**culprit, Refusal::breaks_earlier,
             "it would break edit " + std::to_string(lost->id) + " (" + lost->request.subject + ")");
    }
  }

 private:
  struct Asked {
    EditList edits;
    std::vector<bool> answers;
  };

  std::vector<Outcome*> kept_outcomes() {
    std::vector<Outcome*> kept;
    for (Outcome& outcome : outcomes_)
      if (outcome.kept) kept.push_back(&outcome);
    return kept;
  }

  /// The watched edits that are not replaced, then the new ones.
  Result<Asked> ask_with(std::span<Outcome* const> added) {
    EditList list;
    for (const Outcome* outcome : added) list.push_back(&outcome->edit);
    const std::unordered_set<const Edit*> is_new(list.begin(), list.end());
    const EditList in_force = in_force_with(earlier_, list);
    Asked asked;
    for (const Edit* edit : in_force)
      if (is_watched_.contains(edit) || is_new.contains(edit)) asked.edits.push_back(edit);
    auto answers = ask_(in_force, asked.edits);
    if (!answers) return std::unexpected(answers.error());
    asked.answers = std::move(*answers);
    return asked;
  }

  static bool refuse_unanswered(std::span<Outcome* const> kept, const Asked& asked) {
    bool any = false;
    for (Outcome* outcome : kept) {
      const auto place = std::ranges::find(asked.edits, &outcome->edit) - asked.edits.begin();
      if (asked.answers[static_cast<std::size_t>(place)]) continue;
      refuse(*outcome, Refusal::lost_with_others, "it does not hold together with the other edits");
      any = true;
    }
    return any;
  }

  /// An edit that answered before and no longer does.
  [[nodiscard]] const Edit* first_lost(const Asked& asked) const {
    for (std::size_t i = 0; i < asked.edits.size(); ++i) {
      const auto before = answered_before_.find(asked.edits[i]);
      if (before != answered_before_.end() && before->second && !asked.answers[i]) return asked.edits[i];
    }
    return nullptr;
  }

  Result<Outcome*> find_culprit(std::span<Outcome* const> kept) {
    std::size_t harmless = 0, harmful = kept.size();
    while (harmful - harmless > 1) {
      const std::size_t middle = (harmless + harmful) / 2;
      const auto asked = ask_with(kept.first(middle));
      if (!asked) return std::unexpected(asked.error());
      (first_lost(*asked) != nullptr ? harmful : harmless) = middle;
    }
    return kept[harmful - 1];
  }

  void note_same_subject(Outcome& outcome, const Asked& asked) const {
    const EditRequest& own = outcome.edit.request;
    outcome.same_subject.clear();
    for (std::size_t i = 0; i < asked.edits.size(); ++i) {
      const Edit& other = *asked.edits[i];
      if (!same_subject(own, other.request) || same_fact(own, other.request)) continue;
      const auto earlier = answered_before_.find(&other);
      std::optional<bool> before;
      if (earlier != answered_before_.end()) before = earlier->second;
      outcome.same_subject.push_back({other.id, other.request, before, bool{asked.answers[i]}});
    }
  }

  const EditList& earlier_;
  const EditList& watched_;
  std::unordered_set<const Edit*> is_watched_;
  std::span<Outcome> outcomes_;
  const AskFn& ask_;
  std::unordered_map<const Edit*, bool> answered_before_;
};

}  // namespace

Status resolve_conflicts(const EditList& earlier, const EditList& watched, std::span<Outcome> outcomes,
                         const AskFn& ask) {
  return Conflicts(earlier, watched, outcomes, ask).resolve();
}

EditList kept_edits(std::span<const Outcome> outcomes) {
  EditList kept;
  for (const Outcome& outcome : outcomes)
    if (outcome.kept) kept.push_back(&outcome.edit);
  return kept;
}

void refuse(Outcome& outcome, Refusal refusal, std::string why_not) {
  outcome.kept = false;
  outcome.refusal = refusal;
  outcome.why_not = std::move(why_not);
  outcome.edit.update = RankOneUpdate{layer_of(outcome.edit.update), {}, {}};
}

}  // namespace mobiedit
