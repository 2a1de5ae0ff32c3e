// Damage of a teaching job's edits to the rest of the model: measured, and refused before anything is kept.
#include <utility>

#include "base/try.h"
#include "workspace/resolve_conflicts.h"
#include "workspace/teach_job.h"

namespace mobiedit {

Status TeachJob::refuse_damage(std::span<Outcome* const> added, const EditList& underneath, const EditList& with) {
  if (!damage_) {
    MOBIEDIT_TRY(auto made, DamageCheck::create(base_.model, base_.session, base_.cache_folder, job_.cancel));
    damage_.emplace(std::move(made));
  }
  const double limit = options_.limits.divergence.value_or(damage_->usual_limit());
  MOBIEDIT_TRY(const Damage after, damage_->measure(with, limit, job_.cancel));
  for (Outcome* outcome : added) outcome->damage = after;
  const std::string broken = breakage(after, limit);
  if (broken.empty()) return {};
  // Where earlier edits broke the model, an edit that breaks nothing more is not refused.
  if (!underneath.empty()) {
    MOBIEDIT_TRY(const Damage before, damage_->measure(underneath, limit, job_.cancel));
    if (after.divergence() <= before.divergence() && after.looping <= before.looping) return {};
  }
  for (Outcome* outcome : added) refuse(*outcome, Refusal::damage, broken);
  return {};
}

}  // namespace mobiedit
