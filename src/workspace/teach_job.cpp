#include "workspace/teach_job.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "mobiedit/edit/errors.h"
#include "mobiedit/gguf/file.h"
#include "workspace/answers.h"
#include "workspace/answers_in_words.h"
#include "workspace/notes.h"
#include "workspace/percent.h"
#include "workspace/recheck_choice.h"
#include "workspace/resolve_conflicts.h"
#include "workspace/write_files.h"

namespace mobiedit {
namespace {

// Growth of the reference text's perplexity by all edits that is worth a warning, per cent.
constexpr double drift_worth_a_warning = 10;
// ‖ΔW‖ / ‖W‖ of all edits of a layer that is worth a warning: a same-type file holds no more.
constexpr double norm_worth_a_warning = 1;

std::string plural(std::size_t count) {
  return count == 1 ? "" : "s";
}

}  // namespace

std::size_t TeachReport::kept() const {
  return static_cast<std::size_t>(std::ranges::count_if(outcomes, &Outcome::kept));
}

std::size_t TeachReport::missed() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      outcomes, [](const Outcome& outcome) { return !outcome.kept && outcome.refusal != Refusal::replaced; }));
}

bool TeachReport::reached() const {
  return std::ranges::any_of(outcomes, [](const Outcome& outcome) { return outcome.edit.evidence.success; });
}

std::string TeachJob::place(std::size_t request) const {
  if (request < options_.places.size()) return options_.places[request];
  return requests_.size() == 1 ? "the request" : "request " + std::to_string(request + 1);
}

EditList TeachJob::all_in_force() const {
  return in_force_with(earlier_, kept_edits(report_.outcomes));
}

Status TeachJob::check_and_prepare() {
  // A mistake in the last request must not come to light after the search for the first.
  const auto check = [&](const Editor& editor) -> Status {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      auto sound = editor.check(requests_[i]);
      if (sound) continue;
      Error error = sound.error();
      error.where = place(i) + (error.where.empty() ? "" : ", \"" + error.where + "\"");
      return std::unexpected(error);
    }
    return {};
  };
  auto made = make_editor(base_.model, options_.search, {base_.cache_folder, {}, check}, job_);
  if (!made) return std::unexpected(made.error());
  made_.emplace(std::move(*made));
  if (!options_.mass_method.empty() && made_->editor.finds_neurons())
    return fail(ErrorCode::usage,
                "the method '" + options_.mass_method + "' writes changes of a weight, and the search finds neurons");
  return {};
}

Result<TeachReport> TeachJob::run(std::vector<Edit> edits, Store* store) {
  edits_before_ = std::move(edits);
  earlier_ = list_of(edits_before_);
  store_ = store;
  report_.earlier = earlier_.size();
  // Lists of edits point into this vector, so it must never grow.
  report_.outcomes.reserve(requests_.size());
  MOBIEDIT_TRY(auto statistics,
               use_statistics(made_->editor, base_.model, options_.statistics, base_.cache_folder, job_));
  report_.statistics = std::move(statistics);
  const bool none = report_.statistics.name.empty();
  detail(job_, none ? "without key statistics" : "with key statistics");
  if (none && options_.search.fisher_metric)
    return fail(request_errors::no_statistics, "the metric of running text needs a text, and there is none");
  if (none && options_.mass_method == "alphaedit")
    return fail(request_errors::no_statistics, "the method 'alphaedit' needs key statistics, and there are none");
  MOBIEDIT_TRY(auto meter, DriftMeter::create(base_.model, base_.session));
  meter_ = std::move(meter);

  MOBIEDIT_CHECK(search());
  MOBIEDIT_CHECK(settle());
  if (report_.kept() > 0) {
    MOBIEDIT_CHECK(ask_in_words());
    if (!options_.dry_run) {
      MOBIEDIT_CHECK(deliver_all());
    }
    warn_of_drift();
  }
  return std::move(report_);
}

Status TeachJob::settle() {
  const EditList added = kept_edits(report_.outcomes);
  if (added.empty()) return {};
  if (requests_.size() == 1 && earlier_.empty()) return {};  // the search measured it alone already
  MOBIEDIT_TRY(auto session, Session::create(base_.model, base_.session));
  const EditList watched = worth_asking(earlier_, added);
  report_.rechecked = watched.size();
  if (watched.size() < earlier_.size()) {
    note(job_, std::to_string(watched.size()) + " of " + std::to_string(earlier_.size()) +
                   " earlier edits are asked again: the nearest to the new, and some of the others");
  }
  const AskFn ask = [&](const EditList& in_force, const EditList& asked) {
    return answering_with(session, base_.model.tokenizer(), in_force, asked, job_.cancel);
  };
  do {
    MOBIEDIT_CHECK(resolve_conflicts(earlier_, watched, report_.outcomes, ask));
  } while (refuse_unserved());
  return {};
}

bool TeachJob::refuse_unserved() {
  for (const SubjectNeuron& subject : subject_neurons(all_in_force())) {
    if (subject.exact) continue;
    for (Outcome& outcome : report_.outcomes) {
      if (!outcome.kept || &outcome.edit != subject.facts.back()) continue;
      refuse(outcome, Refusal::lost_with_others, "it was found together with a fact of its subject that is not kept");
      return true;
    }
  }
  return false;
}

Status TeachJob::ask_in_words() {
  std::vector<Outcome*> kept;
  for (Outcome& outcome : report_.outcomes)
    if (outcome.kept) kept.push_back(&outcome);
  return answer_in_words(base_.model, base_.session, earlier_, all_in_force(), kept, job_.cancel);
}

Status TeachJob::deliver_all() {
  const EditList edits = all_in_force();
  const FileWriter writer(base_.model, base_.session, job_);
  if (options_.adapter) {
    if (auto done = writer.draft_adapter(*options_.adapter, edits, Proof::asked); !done) return done;
  }
  if (options_.model) {
    // The editor's float copies are no longer needed, and the edited model is about to be loaded.
    made_.reset();
    if (auto done = writer.draft_model(*options_.model, edits); !done) return done;
  }
  if (job_.cancel.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was written");
  // The edits belong to the file that was read, not to one that took its place meanwhile.
  if (auto same = base_.model.file().unchanged(); !same) return same;
  if (auto kept = keep_in_store(); !kept) return kept;
  for (auto* file : {&options_.adapter, &options_.model}) {
    if (!*file) continue;
    auto done = deliver(**file, file == &options_.adapter ? "lora" : "gguf");
    if (!done && store_ == nullptr) return std::unexpected(done.error());
    if (!done) {
      report_.undelivered = std::move(done.error());
      return {};
    }
    report_.files.push_back(std::move(*done));
  }
  return {};
}

Status TeachJob::keep_in_store() {
  if (store_ == nullptr) return {};
  std::vector<Edit> edits;
  for (const Outcome& outcome : report_.outcomes)
    if (outcome.kept) edits.push_back(outcome.edit);
  MOBIEDIT_TRY(const auto ids, store_->add(edits));
  auto id = ids.begin();
  for (Outcome& outcome : report_.outcomes)
    if (outcome.kept) outcome.edit.id = *id++;
  return {};
}

void TeachJob::warn_of_drift() {
  const EditList edits = all_in_force();
  const EditList added = kept_edits(report_.outcomes);
  // The last edit was measured with all before it.
  const double last = added.back()->evidence.perplexity_after;
  const double all = perplexity_alone_ && last > 0 ? 100 * (last / *perplexity_alone_ - 1) : 0;
  if (all > drift_worth_a_warning) {
    warn(job_, "with all " + std::to_string(edits.size()) + " edit" + plural(edits.size()) +
                   " perplexity of other text has grown by " + percent(all, 1) + " %; at " +
                   plain_number(options_.limits.total_drift) + " % no more are kept");
  }
  const auto norms = update_norms(edits, added);
  if (!norms) return warn(job_, norms.error().message());
  for (const auto& [layer, norm] : *norms) {
    if (norm <= norm_worth_a_warning) continue;
    warn(job_, "the edits of layer " + std::to_string(layer) + " come to " + percent(100 * norm, 0) +
                   " % of its weight; a file of the same type may not hold them");
  }
}

}  // namespace mobiedit
