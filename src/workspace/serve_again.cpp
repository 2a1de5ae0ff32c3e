#include "workspace/serve_again.h"

#include <algorithm>
#include <new>
#include <utility>
#include <variant>
#include <vector>

#include "base/try.h"
#include "edit/subject_neurons.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/workspace/statistics_text.h"
#include "workspace/answers.h"
#include "workspace/notes.h"

namespace mobiedit {
namespace {

/// The settings that an edit was found with.
EditOptions options_of(const Edit& edit, const SessionOptions& session) {
  const EditOrigin& origin = edit.origin;
  EditOptions options;
  options.write = WriteKind::neuron;
  options.method = origin.value_search.empty() ? origin.method : origin.value_search;
  options.layer = layer_of(edit.update);
  if (origin.clamp > 0) options.clamp = origin.clamp;
  if (origin.max_evaluations > 0) options.max_evaluations = origin.max_evaluations;
  options.seed = origin.seed;
  options.threads = session.threads;
  options.pool = session.pool;
  options.confidence_threshold = origin.confidence_threshold;
  options.settings = origin.settings;
  options.fisher_metric = origin.fisher_metric;
  return options;
}

std::unexpected<Error> not_found(const Edit& edit) {
  return fail(
      ErrorCode::verification,
      "no neuron was found for the facts of " + edit.request.subject + " that stay in force; nothing was changed",
      "edit " + std::to_string(edit.id), "undo them too, and teach them anew");
}

/// Every fact must answer with the neuron in force.
Status check_answers(const Model& model, const SessionOptions& options, const std::vector<Edit>& facts,
                     const EditList& beside, const SharedNeuron& found, const CancelToken& cancel) {
  Edit newest = facts.back();
  newest.found_again.push_back(found);
  EditList asked = list_of(facts);
  asked.back() = &newest;
  EditList in_force = beside;
  in_force.insert(in_force.end(), asked.begin(), asked.end());
  std::ranges::stable_sort(in_force, {}, &Edit::id);
  MOBIEDIT_TRY(auto session, Session::create(model, options));
  MOBIEDIT_TRY(const auto answers, answering_with(session, model.tokenizer(), in_force, asked, cancel));
  if (std::ranges::all_of(answers, std::identity())) return {};
  return not_found(newest);
}

}  // namespace

Result<StoreChange> change_and_serve(Store& store, const std::string& base, std::span<const std::int64_t> ids,
                                     EditChange change, const FindAgain& find) try {
  MOBIEDIT_TRY(const auto unserved, unserved_after(store, ids, change));
  if (unserved.empty()) return change_edits(store, ids, change);
  MOBIEDIT_TRY(const auto left, in_force_after(store, base, ids, change));
  std::vector<Edit> edits;
  for (const std::int64_t id : left) {
    MOBIEDIT_TRY(auto edit, store.get(id));
    edits.push_back(std::move(edit));
  }
  std::vector<FoundAgain> found;
  for (const UnservedFacts& subject : unserved) {
    // An edit of another base, which change_edits() refuses.
    if (subject.facts.back().origin.base.fingerprint != base) continue;
    const auto is_fact = [&](const Edit& edit) {
      return std::ranges::find(subject.facts, edit.id, &Edit::id) != subject.facts.end();
    };
    EditList beside;
    for (const Edit& edit : edits)
      if (!is_fact(edit)) beside.push_back(&edit);
    MOBIEDIT_TRY(auto neuron, find(subject.facts, beside));
    found.push_back({subject.facts.back().id, std::move(neuron)});
  }
  return change_edits(store, ids, change, found);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to change the edits", store.path().string());
}

Result<SharedNeuron> search_again(const Model& model, const SessionOptions& session, const std::string& cache_folder,
                                  const std::vector<Edit>& facts, const EditList& beside, const Job& job) {
  const Edit& newest = facts.back();
  const EditList all = list_of(facts);
  note(job, "a neuron for the facts of " + newest.request.subject + " that stay is searched again");
  MOBIEDIT_TRY(auto editor, Editor::create(model, options_of(newest, session)));
  if (const auto used = use_statistics(editor, model, {}, cache_folder, job); !used)
    return std::unexpected(used.error());
  MOBIEDIT_TRY(auto changes, changes_of(beside));
  MOBIEDIT_CHECK(editor.set_in_force(std::move(changes)));
  SubjectFacts together;
  for (const Edit& fact : facts)
    if (&fact != &newest) together.others.push_back(fact.request);
  // A neuron that served a removed fact would still give that fact's answer.
  if (const Neuron* start = subject_neurons(all).back().start) together.from = *start;
  const EditProgressFn progress = [&](const EditProgress& p) {
    if (job.observer != nullptr) job.observer->searching(0, 1, newest.request.subject, p);
  };
  MOBIEDIT_TRY(auto edit, editor.edit(newest.request, progress, job.cancel, together));
  auto* neuron = std::get_if<Neuron>(&edit.update);
  if (neuron == nullptr || !edit.evidence.success) return not_found(newest);
  SharedNeuron found{std::move(*neuron), std::move(edit.found_with)};
  MOBIEDIT_CHECK(check_answers(model, session, facts, beside, found, job.cancel));
  return found;
}

}  // namespace mobiedit
