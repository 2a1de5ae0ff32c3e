// The searches of a teaching job, and the acceptance of each edit: norm and drift.
#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "edit/layer_choice.h"
#include "workspace/notes.h"
#include "workspace/percent.h"
#include "workspace/resolve_conflicts.h"
#include "workspace/teach_job.h"

namespace mobiedit {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// For a neuron that serves these edits' facts too.
SubjectFacts subject_facts(const EditList& edits) {
  SubjectFacts facts;
  for (const Edit* edit : edits) facts.others.push_back(edit->request);
  if (edits.empty()) return facts;
  // A neuron that served a replaced fact would still give the old answer.
  if (const Neuron* start = subject_neurons(edits).back().start) facts.from = *start;
  return facts;
}

double growth(double before, double after) {
  return 100 * (after / before - 1);
}

}  // namespace

Status TeachJob::search() {
  return options_.mass_method.empty() ? search_apart() : search_for_mass();
}

Status TeachJob::search_apart() {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    EditList underneath = all_in_force();
    std::vector<std::int64_t> replaced;
    std::erase_if(underneath, [&](const Edit* other) {
      const bool rival = same_fact(other->request, requests_[i]);
      if (rival && other->id > 0) replaced.push_back(other->id);
      return rival;
    });
    EditList beside = underneath;
    const EditList together = take_subject(beside, requests_[i]);
    auto outcome = search_one(i, beside, together);
    if (!outcome) return std::unexpected(outcome.error());
    outcome->replaces = std::move(replaced);
    if (outcome->kept && !norm_is_too_large(*outcome)) {
      if (auto done = accept(*outcome, underneath); !done) return done;
    }
    if (outcome->kept) replace_earlier(*outcome);
    report_.outcomes.push_back(std::move(*outcome));
  }
  return {};
}

Status TeachJob::search_for_mass() {
  EditList underneath = earlier_;
  std::erase_if(underneath, [&](const Edit* other) {
    return std::ranges::any_of(requests_, [&](const EditRequest& r) { return same_fact(other->request, r); });
  });
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    auto outcome = search_one(i, underneath, {});
    if (!outcome) return std::unexpected(outcome.error());
    for (const Edit* other : earlier_)
      if (other->id > 0 && same_fact(other->request, requests_[i])) outcome->replaces.push_back(other->id);
    if (outcome->kept) replace_earlier(*outcome);
    report_.outcomes.push_back(std::move(*outcome));
  }
  return write_mass_edit(underneath);
}

EditList TeachJob::take_subject(EditList& underneath, const EditRequest& request) const {
  EditList together;
  if (!made_->editor.finds_neurons()) return together;
  const int layer = made_->editor.layer();
  std::erase_if(underneath, [&](const Edit* other) {
    const auto* neuron = std::get_if<Neuron>(&other->update);
    if (neuron == nullptr || neuron->layer != layer || !same_subject(other->request, request)) return false;
    together.push_back(other);
    return true;
  });
  return together;
}

Result<Outcome> TeachJob::search_one(std::size_t request, const EditList& underneath, const EditList& together) {
  if (auto put = put_underneath(underneath); !put) return std::unexpected(put.error());
  const EditProgressFn progress = [&](const EditProgress& p) {
    if (job_.observer != nullptr) job_.observer->searching(request, requests_.size(), requests_[request].subject, p);
  };
  auto edit = made_->editor.edit(requests_[request], progress, job_.cancel, subject_facts(together));
  if (!edit) {
    if (edit.error().where.empty()) edit.error().where = place(request);
    return std::unexpected(edit.error());
  }
  Outcome outcome;
  outcome.edit = std::move(*edit);
  outcome.edit.origin = origin(underneath.size() + together.size());
  outcome.kept = outcome.edit.evidence.success;
  if (!outcome.kept) refuse(outcome, Refusal::target_missed, "the target was not reached");
  return outcome;
}

EditOrigin TeachJob::origin(std::size_t underneath) const {
  const ModelConfig& config = base_.model.config();
  const EditOptions& search = options_.search;
  EditOrigin origin;
  origin.base = {base_.model.fingerprint(), config.architecture, config.name};
  origin.method = options_.mass_method.empty() ? search.method : options_.mass_method;
  if (!options_.mass_method.empty()) origin.value_search = search.method;
  origin.seed = search.seed;
  origin.made_at = now();
  origin.max_evaluations = search.max_evaluations;
  origin.clamp = search.clamp.value_or(made_->layer.clamp);
  origin.confidence_threshold = search.confidence_threshold;
  origin.fisher_metric = search.fisher_metric;
  origin.settings = search.settings;
  origin.layer_choice = made_->chosen_by;
  origin.statistics_name = report_.statistics.name;
  origin.statistics_hash = report_.statistics.hash;
  origin.edits_underneath = static_cast<int>(underneath);
  return origin;
}

bool TeachJob::norm_is_too_large(Outcome& outcome) const {
  const double norm = 100 * outcome.edit.evidence.update_norm_ratio;
  if (!(norm > options_.limits.norm)) return false;
  refuse(outcome, Refusal::norm,
         "it would change the weight by " + percent(norm, 1) + " %, more than the limit of " +
             plain_number(options_.limits.norm) + " %");
  return true;
}

void TeachJob::replace_earlier(const Outcome& later) {
  for (Outcome& other : report_.outcomes) {
    if (other.kept && same_fact(other.edit.request, later.edit.request))
      refuse(other, Refusal::replaced, "a later edit of the same fact replaces it");
  }
}

Status TeachJob::put_underneath(const EditList& edits) {
  const auto updates = updates_in_force(edits);
  const bool grown =
      updates.size() >= underneath_.size() && std::equal(underneath_.begin(), underneath_.end(), updates.begin());
  const bool anew = !grown || underneath_.empty();
  if (anew) {
    // Adds all neurons at once, so that they are checked and packed once.
    Changes neurons;
    for (const UpdateInForce& update : updates)
      if (update.neuron != nullptr) neurons.neurons.push_back(*update.neuron);
    if (auto set = made_->editor.set_in_force(std::move(neurons)); !set) return set;
    underneath_.clear();
  }
  for (std::size_t i = underneath_.size(); i < updates.size(); ++i) {
    const auto& [edit, neuron] = updates[i];
    underneath_.push_back(updates[i]);
    if (anew && neuron != nullptr) continue;
    auto kept = made_->editor.preserve(edit->request, neuron ? Update(*neuron) : edit->update, edit->evidence.wordings);
    if (!kept) return kept;
  }
  return {};
}

Result<double> TeachJob::perplexity_with(const EditList& edits) {
  return meter_->perplexity(edits, job_.cancel);
}

Status TeachJob::measure_before(const EditList& underneath) {
  if (auto updates = updates_in_force(underneath); updates != measured_underneath_) {
    measured_underneath_ = std::move(updates);
    perplexity_underneath_.reset();
  }
  if (!perplexity_alone_) {
    const auto alone = perplexity_with({});
    if (!alone) return std::unexpected(alone.error());
    perplexity_alone_ = *alone;
  }
  if (!perplexity_underneath_) {
    const auto before = underneath.empty() ? Result<double>(*perplexity_alone_) : perplexity_with(underneath);
    if (!before) return std::unexpected(before.error());
    perplexity_underneath_ = *before;
  }
  return {};
}

void TeachJob::refuse_drift(Outcome& outcome, double alone, double with_all) const {
  const AcceptanceLimits& limits = options_.limits;
  if (limits.drift && alone > *limits.drift) {
    return refuse(outcome, Refusal::drift,
                  "perplexity of other text would grow by " + percent(alone, 1) + " %, more than the limit of " +
                      plain_number(*limits.drift) + " %");
  }
  if (with_all > limits.total_drift && alone > 0) {
    refuse(outcome, Refusal::total_drift,
           "with all edits perplexity of other text would have grown by " + percent(with_all, 1) +
               " %, more than the limit of " + plain_number(limits.total_drift) +
               " %: undo some edits, or make them with a smaller clamp");
  }
}

Status TeachJob::accept(Outcome& outcome, const EditList& underneath) {
  EditList with = underneath;
  with.push_back(&outcome.edit);
  if (meter_) {
    if (auto done = measure_before(underneath); !done) return done;
    const auto after = perplexity_with(with);
    if (!after) return std::unexpected(after.error());
    outcome.edit.evidence.perplexity_before = *perplexity_underneath_;
    outcome.edit.evidence.perplexity_after = *after;
    refuse_drift(outcome, growth(*perplexity_underneath_, *after), growth(*perplexity_alone_, *after));
  }
  if (!outcome.kept) return {};
  Outcome* const added = &outcome;
  return refuse_damage({&added, 1}, underneath, with);
}

}  // namespace mobiedit
