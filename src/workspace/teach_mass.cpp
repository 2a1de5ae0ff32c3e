// Mass edits (MEMIT, AlphaEdit) in a teaching job: the edits were found one by one and are written together.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <variant>

#include "workspace/answers.h"
#include "workspace/resolve_conflicts.h"
#include "workspace/teach_job.h"

namespace mobiedit {
namespace {

double norm_of_update(const RankOneUpdate& update) {
  const auto square = [](const std::vector<float>& x) {
    return std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  };
  return std::sqrt(square(update.left) * square(update.right));
}

}  // namespace

// An edit that is dropped changes the others' updates: they are solved for again without it.
Status TeachJob::write_mass_edit(const EditList& underneath) {
  std::vector<Edit> found;
  std::vector<std::size_t> owner;  // index among the outcomes, for each edit
  for (std::size_t i = 0; i < report_.outcomes.size(); ++i) {
    if (!report_.outcomes[i].kept) continue;
    found.push_back(report_.outcomes[i].edit);
    owner.push_back(i);
  }
  if (found.empty()) return {};
  auto session = Session::create(base_.model, base_.session);
  if (!session) return std::unexpected(session.error());
  while (true) {
    std::vector<Outcome*> kept;
    std::vector<Edit> alone;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!report_.outcomes[owner[i]].kept) continue;
      kept.push_back(&report_.outcomes[owner[i]]);
      alone.push_back(found[i]);
    }
    if (kept.empty()) return {};
    if (auto solved = solve_mass_edit(kept, alone); !solved) return solved;
    bool all = true;
    for (Outcome* outcome : kept) all = !norm_is_too_large(*outcome) && all;
    if (!all) continue;
    const EditList edits = kept_edits(report_.outcomes);
    const auto answers =
        answering_with(*session, base_.model.tokenizer(), in_force_with(underneath, edits), edits, job_.cancel);
    if (!answers) return std::unexpected(answers.error());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if ((*answers)[i]) continue;
      refuse(*kept[i], Refusal::lost_with_others, "written together with the other edits it does not answer");
      all = false;
    }
    if (all) return accept_mass_edit(underneath, *session);
  }
}

Status TeachJob::solve_mass_edit(std::span<Outcome* const> kept, std::span<const Edit> found) {
  MassEditOptions options;
  options.method = options_.mass_method;
  auto updates = made_->editor.mass_edit(found, options, job_.cancel);
  if (!updates) return std::unexpected(updates.error());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EditEvidence& evidence = kept[i]->edit.evidence;
    // The edit found alone tells ‖W‖, by its norm and its norm ratio.
    const auto& alone = std::get<RankOneUpdate>(found[i].update);
    const double weight = norm_of_update(alone) / found[i].evidence.update_norm_ratio;
    evidence.update_norm_ratio = norm_of_update((*updates)[i]) / weight;
    kept[i]->edit.update = std::move((*updates)[i]);
  }
  return {};
}

/// The limits on drift hold for the mass edit as a whole: it is kept or refused as one.
Status TeachJob::accept_mass_edit(const EditList& underneath, Session& session) {
  const EditList edits = kept_edits(report_.outcomes);
  const EditList all = in_force_with(underneath, edits);
  auto changes = changes_of(all);
  if (!changes) return std::unexpected(changes.error());
  if (auto set = session.set_in_force(std::move(*changes)); !set) return set;
  for (Outcome& outcome : report_.outcomes) {
    if (!outcome.kept) continue;
    if (auto done = measure_again(session, base_.model.tokenizer(), outcome.edit, job_.cancel); !done) return done;
  }
  if (meter_) {
    if (auto done = measure_before(underneath); !done) return done;
    const auto after = perplexity_with(all);
    if (!after) return std::unexpected(after.error());
    for (Outcome& outcome : report_.outcomes) {
      if (!outcome.kept) continue;
      outcome.edit.evidence.perplexity_before = *perplexity_underneath_;
      outcome.edit.evidence.perplexity_after = *after;
      refuse_drift(outcome, 100 * (*after / *perplexity_underneath_ - 1), 100 * (*after / *perplexity_alone_ - 1));
    }
  }
  std::vector<Outcome*> added;
  for (Outcome& outcome : report_.outcomes)
    if (outcome.kept) added.push_back(&outcome);
  return added.empty() ? Status() : refuse_damage(added, underneath, all);
}

}  // namespace mobiedit
