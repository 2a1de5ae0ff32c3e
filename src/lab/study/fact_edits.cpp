#include "lab/study/fact_edits.h"

#include <utility>

#include "mobiedit/eval/measure.h"

namespace mobiedit {

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

EditProgressFn progress_of(const ExperimentObserver& observer, std::size_t fact) {
  return [&observer, fact](const EditProgress& p) {
    if (observer.searching) observer.searching(fact, p);
  };
}

Result<std::vector<FactOutcome>> measure_all(Session& session, const Tokenizer& tokenizer,
                                             std::span<const FactRecord> facts, std::span<const EditEvidence> costs,
                                             const CancelToken& cancel) {
  std::vector<FactOutcome> outcomes;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto outcome = measure_fact(session, tokenizer, facts[i], cancel);
    if (!outcome) return std::unexpected(at(facts[i], outcome.error()));
    outcome->success = outcome->exact;
    add_cost(costs[i], *outcome);
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

}  // namespace mobiedit
