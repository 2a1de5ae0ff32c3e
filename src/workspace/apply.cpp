// Workspace::apply: edits made for another model, tried in this one.
#include <algorithm>
#include <chrono>
#include <new>
#include <set>
#include <utility>
#include <variant>

#include "edit/subject_neurons.h"
#include "mobiedit/gguf/file.h"
#include "workspace/answers.h"
#include "workspace/workspace_state.h"

namespace mobiedit {
namespace {

/// The fingerprint that begins with `named`, of the models that the store has edits for; `own` does not count.
Result<std::string> find_source(const Store& store, const std::string& named, const std::string& own) {
  const auto edits = store.list();
  if (!edits) return std::unexpected(edits.error());
  std::set<std::string> others;
  for (const EditInfo& edit : *edits) {
    const std::string& base = edit.base.fingerprint;
    if (base != own && base.starts_with(named)) others.insert(base);
  }
  if (others.size() == 1) return *others.begin();
  if (others.empty())
    return fail(ErrorCode::usage, "there are no edits of another model to apply", store.path().string());
  return fail(ErrorCode::usage, "there are edits of several other models", store.path().string(),
              "name one by the beginning of its fingerprint");
}

bool has_sizes(const Update& update, const ModelConfig& config) {
  const auto d = static_cast<std::size_t>(config.d), f = static_cast<std::size_t>(config.f);
  if (const auto* neuron = std::get_if<Neuron>(&update))
    return neuron->gate.size() == d && neuron->up.size() == d && neuron->down.size() == d;
  const auto& rank_one = std::get<RankOneUpdate>(update);
  return rank_one.left.size() == d && rank_one.right.size() == f;
}

Status check_shape(const Model& model, const Edit& edit) {
  const ModelConfig& config = model.config();
  if (layer_of(edit.update) < config.layers && has_sizes(edit.update, config) &&
      edit.origin.base.architecture == config.architecture)
    return {};
  return fail(ErrorCode::bad_model,
              "is of another shape than the model that edit " + std::to_string(edit.id) + " was made for",
              model.file().path().string());
}

/// The edits whose subject has no neuron that was found for just its facts.
std::set<const Edit*> unserved_facts(const EditList& edits) {
  std::set<const Edit*> unserved;
  for (const SubjectNeuron& subject : subject_neurons(edits))
    if (!subject.exact) unserved.insert(subject.facts.begin(), subject.facts.end());
  return unserved;
}

/// Drops edits of `candidates` that do not answer, until the rest answers together with those in force.
Result<EditList> those_that_answer(Session& session, const Tokenizer& tokenizer, const EditList& in_force,
                                   EditList candidates, const CancelToken& cancel) {
  while (!candidates.empty()) {
    const EditList together = in_force_with(in_force, candidates);
    const auto answers = answering_with(session, tokenizer, together, candidates, cancel);
    if (!answers) return std::unexpected(answers.error());
    const std::set<const Edit*> unserved = unserved_facts(together);
    EditList answered;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if ((*answers)[i] && !unserved.contains(candidates[i])) answered.push_back(candidates[i]);
    const bool settled = answered.size() == candidates.size();
    candidates = std::move(answered);
    if (settled) break;
  }
  return candidates;
}

}  // namespace

Result<ApplyReport> Workspace::apply(const std::string& source, const Job& job) try {
  State& s = *state_;
  const Model& model = *s.model;
  const auto turn = s.wait_for_turn(job);
  if (!turn) return std::unexpected(turn.error());
  auto store = s.open_to_change();
  if (!store) return std::unexpected(store.error());
  auto found = find_source(*store, source, model.fingerprint());
  if (!found) return std::unexpected(found.error());
  auto edits = store->in_force(*found);
  if (!edits) return std::unexpected(edits.error());
  for (const Edit& edit : *edits) {
    if (auto fits = check_shape(model, edit); !fits) return std::unexpected(fits.error());
  }
  const auto present = store->in_force(model.fingerprint());
  if (!present) return std::unexpected(present.error());
  auto session = Session::create(model, s.options.session);
  if (!session) return std::unexpected(session.error());
  const auto kept = those_that_answer(*session, model.tokenizer(), list_of(*present), list_of(*edits), job.cancel);
  if (!kept) return std::unexpected(kept.error());

  ApplyReport report{std::move(*found), std::move(*edits), {}, {}};
  std::vector<Edit> added;
  for (const Edit& edit : report.edits) {
    const bool applied = std::ranges::find(*kept, &edit) != kept->end();
    report.applied.push_back(applied);
    if (!applied) continue;
    Edit& own = added.emplace_back(edit);
    own.origin.base = {model.fingerprint(), model.config().architecture, model.config().name};
    own.origin.made_at =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    own.enabled = true;
  }
  if (job.cancel.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was kept");
  if (auto same = model.file().unchanged(); !same) return std::unexpected(same.error());
  auto ids = store->add(added);
  if (!ids) return std::unexpected(ids.error());
  report.new_ids = std::move(*ids);
  return report;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to apply edits");
}

}  // namespace mobiedit
