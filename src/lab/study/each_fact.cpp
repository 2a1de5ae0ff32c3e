#include "lab/study/each_fact.h"

#include <new>
#include <utility>

#include "lab/study/fact_edits.h"
#include "lab/study/trial.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
Result<std::vector<FactOutcome>> run_experiment(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                                const SessionOptions& session_options,
                                                const ExperimentObserver& observer, const CancelToken& cancel) try {
  if (auto sound = check_all(editor, facts); !sound) return std::unexpected(sound.error());
  auto session = Session::create(model, session_options);
  if (!session) return std::unexpected(session.error());
  std::vector<FactOutcome> outcomes;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto measured = edit_and_measure(editor, *session, model.tokenizer(), facts[i], progress_of(observer, i), cancel);
    if (!measured) return std::unexpected(measured.error());
    if (observer.measured) observer.measured(i, measured->outcome);
    outcomes.push_back(std::move(measured->outcome));
  }
  return outcomes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

Result<EditsTogether> find_together(Editor& editor, std::span<const FactRecord> facts,
                                    const std::optional<MassEditOptions>& options, const ExperimentObserver& observer,
                                    const CancelToken& cancel) try {
  if (auto sound = check_all(editor, facts); !sound) return std::unexpected(sound.error());
  EditsTogether together;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto edit = editor.edit(request_of(facts[i]), progress_of(observer, i), cancel);
    if (!edit) return std::unexpected(at(facts[i], edit.error()));
    together.costs.push_back(edit->evidence);
    edits.push_back(std::move(*edit));
  }
  if (!options) {
    for (const Edit& edit : edits) add_to(together.changes, edit.update);
    return together;
  }
  const auto updates = editor.mass_edit(edits, *options, cancel);
  if (!updates) return std::unexpected(updates.error());
  for (const RankOneUpdate& update : *updates) add_to(together.changes, update);
  return together;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

Result<std::vector<FactOutcome>> run_mass_edit(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                               const MassEditOptions& options, const SessionOptions& session_options,
                                               const ExperimentObserver& observer, const CancelToken& cancel) try {
  auto together = find_together(editor, facts, options, observer, cancel);
  if (!together) return std::unexpected(together.error());
  auto session = Session::create(model, session_options);
  if (!session) return std::unexpected(session.error());
  if (auto set = session->set_in_force(std::move(together->changes)); !set) return std::unexpected(set.error());
  auto outcomes = measure_all(*session, model.tokenizer(), facts, together->costs, cancel);
  if (outcomes && observer.measured)
    for (std::size_t i = 0; i < facts.size(); ++i) observer.measured(i, (*outcomes)[i]);
  return outcomes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

}  // namespace mobiedit
