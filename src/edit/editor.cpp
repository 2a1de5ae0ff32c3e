#include "mobiedit/edit/editor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <optional>
#include <utility>
#include <variant>

#include "base/try.h"
#include "edit/editor_state.h"
#include "edit/evidence.h"
#include "edit/preconditioned.h"
#include "edit/weight_norm.h"
#include "edit/write/mass_edit.h"
#include "edit/write/null_space.h"
#include "kernels/double_ops.h"
#include "mobiedit/edit/errors.h"
#include "search/value_search.h"

namespace mobiedit {
namespace {

constexpr double preserved_ridge = 0.1;  // of the preserved keys, as in docs/method.md

}  // namespace

Editor::Editor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Editor::Editor(Editor&&) noexcept = default;
Editor& Editor::operator=(Editor&&) noexcept = default;
Editor::~Editor() = default;

int Editor::layer() const {
  return state_->choice.layer;
}

bool Editor::finds_neurons() const {
  return state_->writes_neurons();
}

Result<Editor> Editor::create(const Model& model, EditOptions options) try {
  const ModelConfig& c = model.config();
  if (const auto search = make_search(options.method, options.settings); !search)
    return std::unexpected(search.error());
  const LayerChoice choice = layer_for(c, options);
  if (auto sound = check_layer(c, choice.layer); !sound) return std::unexpected(sound.error());
  if (!(choice.clamp > 0)) return fail(ErrorCode::usage, "the clamp must be above 0");
  if (options.layers < 1 || options.layers > choice.layer + 1)
    return fail(ErrorCode::usage, "an edit of layer " + std::to_string(choice.layer) + " can be spread over 1 to " +
                                      std::to_string(choice.layer + 1) + " layers");
  if (options.layers > 1 && c.spec(choice.layer).ffn_post_norm)
    return fail(ErrorCode::usage, "an edit of the architecture '" + c.architecture +
                                      "' can't be spread over several layers: a norm follows each feed-forward");
  if (options.confidence_threshold && !(*options.confidence_threshold >= 0 && *options.confidence_threshold <= 1))
    return fail(ErrorCode::usage, "the confidence threshold is not a probability; expected 0 to 1, found " +
                                      std::to_string(*options.confidence_threshold));
  if (options.max_evaluations < 1) return fail(ErrorCode::usage, "at least one evaluation is needed");
  if (!options.prefixes) options.prefixes = default_prefixes();

  auto state = std::make_unique<State>(model, std::move(options), choice);
  if (auto none = state->active.refresh(); !none) return std::unexpected(none.error());
  if (state->writes_neurons()) {
    state->chat = ChatFormat::of(model);
  } else {
    if (auto loaded = state->forward->load_float_down(choice.layer); !loaded) return std::unexpected(loaded.error());
    state->down_norm = down_weight_norm(model.file(), choice.layer);
  }
  return Editor(std::move(state));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an editor");
}

Status Editor::set_in_force(Changes changes) {
  if (auto replaced = state_->active.replace(std::move(changes)); !replaced) return replaced;
  state_->preserved.clear();
  return {};
}

void Editor::set_evaluation(const EvaluationOptions& evaluation) {
  state_->options.evaluation = evaluation;
}

Status Editor::preserve(const EditRequest& request, const Update& update, int general_wordings) try {
  State& s = *state_;
  Changes changes = changes_of(update);
  const auto* rank_one = std::get_if<RankOneUpdate>(&update);
  if (rank_one == nullptr) {
    if (auto admitted = s.active.admit(changes); !admitted) return admitted;
    s.active.add(std::move(changes));
    return {};
  }
  auto contexts = s.contexts_as_found(request, general_wordings);
  if (!contexts) return std::unexpected(contexts.error());
  if (auto admitted = s.active.admit(changes); !admitted) return admitted;
  if (s.writes_to(rank_one->block)) {
    const auto most = static_cast<std::size_t>(std::max(s.options.most_preserved, 0));
    auto& preserved = s.preserved.try_emplace(rank_one->block, preserved_ridge, most).first->second;
    preserved.add(std::move(*contexts), rank_one->right);
  }
  s.active.add(std::move(changes));
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to preserve the edit");
}

Result<KeyMoment> Editor::key_moment() const try {
  const int layer = state_->choice.layer;
  const KeyCovariance* covariance = state_->statistics.covariance(layer);
  return KeyMoment{layer, covariance ? covariance->matrix() : std::vector<float>()};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a layer's key covariance");
}

Status Editor::check(const EditRequest& request) const try {
  const auto contexts = state_->contexts_as_found(request, 0);
  if (!contexts) return std::unexpected(contexts.error());
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

Status Editor::with_objective(const EditRequest& request, const std::function<Status(Objective&)>& work,
                              const CancelToken& cancel) try {
  auto prepared = state_->prepare(request, {}, true, cancel);
  if (!prepared) return std::unexpected(prepared.error());
  return work(*prepared->objective);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

Result<Edit> Editor::edit(const EditRequest& request, const EditProgressFn& progress, const CancelToken& cancel,
                          const SubjectFacts& together) try {
  State& s = *state_;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  const Work work_before = s.forward->work();
  const std::uint64_t tape_before = s.tape ? s.tape->work() : 0;

  auto prepared = s.prepare(request, together, s.method.needs_gradient, cancel);
  if (!prepared) return std::unexpected(prepared.error());
  EditObjective& objective = *prepared->objective;
  std::optional<PreconditionedObjective> preconditioned;
  if (const FisherMetric* metric = s.statistics.metric()) preconditioned.emplace(objective, *metric);
  Objective& searched = preconditioned ? static_cast<Objective&>(*preconditioned) : objective;
  SearchOptions search{s.options.max_evaluations, s.options.seed, s.choice.clamp};
  const SearchProgress tell = [&](const SearchStep& step) {
    if (progress)
      progress({step.step, objective.evaluations(), s.options.max_evaluations, step.loss.total(),
                std::exp(-step.loss.nll), seconds()});
    return !cancel.requested();
  };
  if (together.from && together.from->down.size() == static_cast<std::size_t>(objective.dimension()))
    search.start = together.from->down;
  Prompts prompts = objective.contexts().wordings > 0 ? Prompts::unlike : Prompts::alike;
  int steps = 0;
  if (s.writes_neurons() && !s.method.needs_gradient) {
    prompts = Prompts::subject;
    if (const auto statements = objective.statements()) {
      MOBIEDIT_TRY(const auto first, make_search(s.options.method, s.options.settings, Prompts::statements));
      MOBIEDIT_TRY(SearchResult begun, first->run(*statements, search, tell));
      search.start = std::move(begun.delta);
      search.max_evaluations = std::min(search.max_evaluations, s.options.neuron.refinement);
      steps = begun.steps;
    }
  }
  MOBIEDIT_TRY(const auto method, make_search(s.options.method, s.options.settings, prompts));
  auto found = method->run(searched, search, tell);
  if (!found) return std::unexpected(found.error());
  if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
  if (preconditioned) found->delta = preconditioned->to_delta(found->delta);

  Edit edit{request, prepared->write->update(found->delta), {}};
  if (std::holds_alternative<Neuron>(edit.update))
    for (const EditRequest& other : together.others) edit.found_with.push_back({other.prompt, other.target_new});
  EditEvidence& e = edit.evidence;
  e.layer = s.choice.layer;
  e.steps = steps + found->steps;
  e.evaluations = objective.evaluations();
  e.wordings = objective.contexts().wordings;
  e.loss = found->loss.total();
  const Work work = s.forward->work();
  e.integer_work = static_cast<double>(work.integer - work_before.integer);
  e.float_work =
      static_cast<double>(work.floating - work_before.floating + (s.tape ? s.tape->work() - tape_before : 0));
  e.tokens = static_cast<double>(work.rows - work_before.rows) / s.model.config().layers;
  e.delta_norm_ratio = kernels::norm_in_double(found->delta) / objective.value_norm();
  if (const auto* rank_one = std::get_if<RankOneUpdate>(&edit.update))
    e.update_norm_ratio =
        kernels::norm_in_double(rank_one->left) * kernels::norm_in_double(rank_one->right) / s.down_norm;
  const SessionOptions session{.threads = s.options.threads, .pool = s.pool};
  Changes with = s.active.changes();
  add_to(with, edit.update);
  if (auto measured = measure_evidence(edit, s.model, objective.contexts(), s.active.changes(), with, session, cancel);
      !measured)
    return std::unexpected(measured.error());
  e.seconds = seconds();
  return edit;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

Result<std::vector<RankOneUpdate>> Editor::mass_edit(std::span<const Edit> edits, const MassEditOptions& options,
                                                     const CancelToken& cancel) try {
  State& s = *state_;
  const MethodInfo* method = find_method(options.method);
  std::string known;
  for (const std::string& name : method_names(MethodKind::mass_edit)) known += (known.empty() ? "" : " and ") + name;
  if (method == nullptr || method->kind != MethodKind::mass_edit)
    return fail(ErrorCode::usage, "there is no mass edit '" + options.method + "'", {}, "there are " + known);
  if (method->needs_statistics && s.statistics.covariance(s.choice.layer) == nullptr)
    return fail(request_errors::no_statistics,
                "the method '" + options.method + "' needs key statistics, and there are none", {},
                "give a text to make them from");
  if (edits.empty()) return fail(ErrorCode::usage, "there are no edits to write");
  if (options.layers < 1 || options.layers > s.options.layers)
    return fail(ErrorCode::usage, "the editor was made for updates of " + std::to_string(s.options.layers) +
                                      " layers at most, not of " + std::to_string(options.layers));
  if (auto ready = s.active.refresh(); !ready) return std::unexpected(ready.error());
  std::vector<FoundEdit> found;
  for (const Edit& edit : edits) {
    const auto* alone = std::get_if<RankOneUpdate>(&edit.update);
    if (alone == nullptr)
      return fail(ErrorCode::usage, "the edit of " + edit.request.subject + " is a neuron, and the method '" +
                                        options.method + "' writes changes of a weight");
    if (alone->block != s.choice.layer)
      return fail(ErrorCode::usage, "an edit of layer " + std::to_string(alone->block) +
                                        " cannot be written with edits of layer " + std::to_string(s.choice.layer));
    auto contexts = s.contexts_as_found(edit.request, edit.evidence.wordings);
    if (!contexts) return std::unexpected(contexts.error());
    found.push_back({std::move(*contexts), alone->left});
  }
  MassWrite write{.layer = s.choice.layer, .layers = options.layers, .ridge = options.memit_ridge, .solve = {}};
  write.solve = [&](int layer, const std::vector<float>& keys) { return s.solved(layer, keys); };
  if (method->projects_keys) {
    write.ridge = options.alphaedit_ridge;
    write.solve = [&](int layer, const std::vector<float>& keys) {
      return NullSpaceProjector(*s.statistics.covariance(layer), options.alphaedit_share).project(keys);
    };
  }
  return write_mass_edit(*s.forward, s.pass(), s.active.copy(), found, write, cancel);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edits together");
}

}  // namespace mobiedit
