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

Result<FactOutcome> edit_and_measure(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                     const FactRecord& fact, const EditProgressFn& progress,
                                     const CancelToken& cancel) {
  const auto edit = editor.edit(request_of(fact), progress, cancel);
  if (!edit) return std::unexpected(edit.error());
  if (auto set = session.set_adapters({to_low_rank(edit->update)}); !set) return std::unexpected(set.error());
  auto outcome = measure_fact(session, tokenizer, fact, cancel);
  if (!outcome) return outcome;
  outcome->success = edit->evidence.success;
  outcome->evaluations = edit->evidence.evaluations;
  outcome->seconds = edit->evidence.seconds;
  return outcome;
}

}  // namespace

Result<std::vector<FactOutcome>> run_experiment(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                                const SessionOptions& session_options,
                                                const ExperimentObserver& observer, const CancelToken& cancel) try {
  for (const FactRecord& fact : facts) {
    if (auto sound = editor.check(request_of(fact)); !sound) return std::unexpected(at(fact, sound.error()));
  }
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

}  // namespace mobiedit
