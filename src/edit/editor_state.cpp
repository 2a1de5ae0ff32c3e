#include "edit/editor_state.h"

#include <utility>

#include "base/try.h"
#include "edit/confidence.h"
#include "edit/subject_contexts.h"
#include "edit/write/neuron_write.h"
#include "edit/write/rank_one_write.h"
#include "edit/write/subject_keys.h"
#include "mobiedit/edit/errors.h"

namespace mobiedit {
namespace {

// A neuron's objective has many rows, and most have a confident answer: fewer logits per row are given one by one.
constexpr int neuron_top_logits = 48;

}  // namespace

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
  if (!writes_neurons()) pass.float_down_layer = choice.layer;
  pass.activations = options.evaluation.activations;
  return pass;
}

PassOptions Editor::State::statistics_pass() const {
  PassOptions usual = pass();
  usual.activations = Activations::int8;
  // Neurons are silent on other text. With them in force, each edit would need statistics of its own.
  if (writes_neurons()) usual.neurons = nullptr;
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

Result<ContextSet> Editor::State::prepare_rank_one(const EditRequest& request, Prepared& prepared) {
  prepared.write = std::make_unique<RankOneWrite>(
      choice.layer, [this](const std::vector<float>& keys) { return solved(choice.layer, keys); });
  return contexts_of(request);
}

Result<std::vector<Token>> Editor::State::own_words_about(const std::string& subject, const CancelToken& cancel) {
  const int wanted = options.neuron.own_words;
  if (!chat || wanted < 1) return std::vector<Token>();
  MOBIEDIT_TRY(const std::vector<Token> question, chat->question(tell_about(subject)));
  const int length = static_cast<int>(question.size()) + wanted;
  if (length > model.config().context) return std::vector<Token>();
  MOBIEDIT_TRY(Session session, Session::create(model, {.context = length, .pool = pool}));
  MOBIEDIT_CHECK(session.set_in_force(active.changes()));
  MOBIEDIT_CHECK(session.append(question, cancel));
  MOBIEDIT_TRY(Generation answer, session.generate({.max_tokens = wanted, .stop = {}}, {}, cancel));
  return std::move(answer.tokens);
}

Result<ContextSet> Editor::State::prepare_neuron(const EditRequest& request, const SubjectFacts& together,
                                                 Prepared& prepared, const CancelToken& cancel) {
  if (!geometry)
    return fail(request_errors::no_statistics, "a neuron needs statistics of the layer's inputs, and there are none",
                {}, "give a text to make them from");
  std::vector<EditRequest> facts{request};
  facts.insert(facts.end(), together.others.begin(), together.others.end());
  SubjectContextOptions wanted;
  wanted.prefixes = *options.prefixes;
  wanted.chat = chat ? &*chat : nullptr;
  wanted.statements = options.neuron.statements;
  wanted.other_facts_weight = options.neuron.other_facts_weight;
  wanted.own_words_weight = options.neuron.own_words_weight;
  MOBIEDIT_TRY(wanted.own_words, own_words_about(request.subject, cancel));
  MOBIEDIT_TRY(SubjectContexts subject, build_subject_contexts(model, facts, wanted));
  const NeuronSettings settings{.threshold = options.neuron.threshold,
                                .contrast_weight = options.neuron.contrast_weight};
  MOBIEDIT_TRY(Neuron neuron, fit_neuron(*forward, pass(), *geometry, subject, choice.layer, settings, cancel));
  prepared.write = std::make_unique<NeuronWrite>(std::move(neuron), model.config().spec(choice.layer).activation);
  return std::move(subject.contexts);
}

Result<Editor::State::Prepared> Editor::State::prepare(const EditRequest& request, const SubjectFacts& together,
                                                       bool gradient, const CancelToken& cancel) {
  MOBIEDIT_CHECK(active.refresh());
  Prepared prepared;
  MOBIEDIT_TRY(ContextSet contexts, writes_neurons() ? prepare_neuron(request, together, prepared, cancel)
                                                     : prepare_rank_one(request, prepared));
  if (gradient && !tape) {
    MOBIEDIT_TRY(tape, Tape::create(model, *pool, choice.layer + 1));
  }
  EditObjectiveOptions objective;
  objective.pass = pass();
  objective.layer = choice.layer;
  objective.prefix_cache = options.evaluation.prefix_cache;
  objective.batched = options.evaluation.batched;
  objective.write = prepared.write.get();
  objective.tape = gradient ? tape.get() : nullptr;
  objective.jacobian = statistics.jacobian();
  if (writes_neurons()) objective.top_logits = neuron_top_logits;
  MOBIEDIT_TRY(prepared.objective, EditObjective::create(*forward, std::move(contexts), objective, cancel));
  return prepared;
}

}  // namespace mobiedit
