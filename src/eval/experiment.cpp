#include "mobiedit/eval/experiment.h"

#include <new>
#include <utility>

#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

/// Neither paraphrases nor neighbours: those are scored afterwards, outside of the edit's own time.
EditRequest request_of(const FactRecord& fact) {
  return {fact.subject, fact.prompt, fact.target_new, {}, {}};
}

Error at(const FactRecord& fact, Error error) {
  if (error.where.empty()) {
    error.where = fact.where;
  } else if (error.where != fact.where) {
    error.where = fact.where + ", \"" + error.where + "\"";
  }
  return error;
}

Status check_all(const Editor& editor, std::span<const FactRecord> facts) {
  for (const FactRecord& fact : facts) {
    if (auto sound = editor.check(request_of(fact)); !sound) return std::unexpected(at(fact, sound.error()));
  }
  return {};
}

void add_cost(const EditEvidence& evidence, FactOutcome& outcome) {
  outcome.evaluations = evidence.evaluations;
  outcome.seconds = evidence.seconds;
  outcome.integer_work = evidence.integer_work;
  outcome.float_work = evidence.float_work;
}

Result<FactOutcome> edit_and_measure(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                     const FactRecord& fact, const EditProgressFn& progress,
                                     const CancelToken& cancel) {
  const auto edit = editor.edit(request_of(fact), progress, cancel);
  if (!edit) return std::unexpected(edit.error());
  if (auto set = session.set_adapters({to_low_rank(edit->update)}); !set) return std::unexpected(set.error());
  auto outcome = measure_fact(session, tokenizer, fact, cancel);
  if (!outcome) return outcome;
  outcome->success = edit->evidence.success;
  add_cost(edit->evidence, *outcome);
  return outcome;
}

}  // namespace

Result<std::vector<FactOutcome>> run_experiment(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                                const SessionOptions& session_options,
                                                const ExperimentObserver& observer, const CancelToken& cancel) try {
  if (auto sound = check_all(editor, facts); !sound) return std::unexpected(sound.error());
  auto session = Session::create(model, session_options);
  if (!session) return std::unexpected(session.error());
  std::vector<FactOutcome> outcomes;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const EditProgressFn progress = [&](const EditProgress& p) {
      if (observer.searching) observer.searching(i, p);
    };
    auto outcome = edit_and_measure(editor, *session, model.tokenizer(), facts[i], progress, cancel);
    if (!outcome) return std::unexpected(at(facts[i], outcome.error()));
    if (observer.measured) observer.measured(i, *outcome);
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

Result<std::vector<FactOutcome>> run_together(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                              const TogetherOptions& options, const SessionOptions& session_options,
                                              const ExperimentObserver& observer, const CancelToken& cancel) try {
  if (auto sound = check_all(editor, facts); !sound) return std::unexpected(sound.error());
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const EditProgressFn progress = [&](const EditProgress& p) {
      if (observer.searching) observer.searching(i, p);
    };
    auto edit = editor.edit(request_of(facts[i]), progress, cancel);
    if (!edit) return std::unexpected(at(facts[i], edit.error()));
    edits.push_back(std::move(*edit));
  }
  const auto updates = editor.together(edits, options, cancel);
  if (!updates) return std::unexpected(updates.error());
  auto session = Session::create(model, session_options);
  if (!session) return std::unexpected(session.error());
  std::vector<LowRankDelta> deltas;
  for (const RankOneUpdate& update : *updates) deltas.push_back(to_low_rank(update));
  if (auto set = session->set_adapters(std::move(deltas)); !set) return std::unexpected(set.error());
  std::vector<FactOutcome> outcomes;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto outcome = measure_fact(*session, model.tokenizer(), facts[i], cancel);
    if (!outcome) return std::unexpected(at(facts[i], outcome.error()));
    outcome->success = outcome->exact;
    add_cost(edits[i].evidence, *outcome);
    if (observer.measured) observer.measured(i, *outcome);
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

}  // namespace mobiedit
