#include "edit/editor_state.h"

#include <utility>

#include "edit/confidence.h"
#include "edit/write/rank_one_write.h"
#include "edit/write/subject_keys.h"

namespace mobiedit {

Editor::State::State(const Model& m, EditOptions o, LayerChoice c)
    : model(m),
      options(std::move(o)),
      choice(std::move(c)),
      method(*find_method(options.method)),
      pool(options.pool ? options.pool : std::make_shared<ThreadPool>(options.threads)),
      forward(make_forward_pass(m, *pool)),
      active(m, *pool) {}

PassOptions Editor::State::pass() const {
  PassOptions pass;
  pass.deltas = active.deltas_in_force();
  pass.neurons = active.neurons_in_force();
  pass.float_down_layer = choice.layer;
  pass.activations = options.evaluation.activations;
  return pass;
}

PassOptions Editor::State::statistics_pass() const {
  PassOptions usual = pass();
  usual.activations = Activations::int8;
  return usual;
}

Result<ContextSet> Editor::State::contexts_of(const EditRequest& request) {
  auto contexts = build_contexts(model, request, *options.prefixes);
  const double threshold = confidence_threshold_for(model.config(), options.confidence_threshold);
  if (!contexts || threshold == 0 || answer_confidence(*forward, pass(), contexts->prompts.front()) > threshold)
    return contexts;
  // Longer than the prompt, general wordings may not fit the model's context.
  auto general = build_general_contexts(model, request, *options.prefixes);
  return general ? std::move(general) : std::move(contexts);
}

Result<ContextSet> Editor::State::contexts_as_found(const EditRequest& request, int general_wordings) const {
  return general_wordings > 0 ? build_general_contexts(model, request, *options.prefixes)
                              : build_contexts(model, request, *options.prefixes);
}

std::vector<float> Editor::State::solved(int layer, const std::vector<float>& keys) {
  const KeyCovariance* covariance = statistics.covariance(layer);
  const auto solve = [covariance](const std::vector<float>& some) {
    return covariance ? covariance->solve(some) : some;
  };
  std::vector<float> solved = solve(keys);
  if (const auto found = preserved.find(layer); found != preserved.end()) {
    const auto keys_of = [&](const ContextSet& contexts) { return subject_keys(*forward, pass(), contexts, layer); };
    found->second.constrain(keys, solved, static_cast<std::size_t>(model.config().f), {keys_of, solve});
  }
  return solved;
}

Result<Editor::State::Prepared> Editor::State::prepare(const EditRequest& request, bool gradient,
                                                       const CancelToken& cancel) {
  if (auto ready = active.refresh(); !ready) return std::unexpected(ready.error());
  auto contexts = contexts_of(request);
  if (!contexts) return std::unexpected(contexts.error());
  if (gradient && !tape) {
    auto made = Tape::create(model, *pool, choice.layer + 1);
    if (!made) return std::unexpected(made.error());
    tape = std::move(*made);
  }
  Prepared prepared;
  prepared.write = std::make_unique<RankOneWrite>(
      choice.layer, [this](const std::vector<float>& keys) { return solved(choice.layer, keys); });
  EditObjectiveOptions objective;
  objective.pass = pass();
  objective.layer = choice.layer;
  objective.prefix_cache = options.evaluation.prefix_cache;
  objective.batched = options.evaluation.batched;
  objective.write = prepared.write.get();
  objective.tape = gradient ? tape.get() : nullptr;
  objective.jacobian = statistics.jacobian();
  auto made = EditObjective::create(*forward, std::move(*contexts), objective, cancel);
  if (!made) return std::unexpected(made.error());
  prepared.objective = std::move(*made);
  return prepared;
}

}  // namespace mobiedit
