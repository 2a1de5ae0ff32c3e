#include "mobiedit/edit/editor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <map>
#include <new>
#include <utility>

#include "backend/cpu/contents.h"
#include "backend/forward_pass.h"
#include "base/thread_pool.h"
#include "edit/confidence.h"
#include "edit/contexts.h"
#include "edit/edit_objective.h"
#include "edit/layer_choice.h"
#include "edit/preconditioned.h"
#include "edit/search/value_search.h"
#include "edit/statistics/fisher_metric.h"
#include "edit/statistics/key_covariance.h"
#include "edit/statistics/mean_jacobian.h"
#include "edit/write/mass_edit.h"
#include "edit/write/null_space.h"
#include "edit/write/preserved_edits.h"
#include "edit/write/rank_one.h"
#include "kernels/vector_ops.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/session.h"

namespace mobiedit {
namespace {

constexpr double kept_ridge = 0.1;  // docs/method.md

double norm(std::span<const float> x) {
  return std::sqrt(double{kernels::dot(x, x)});
}

// ‖W‖ of the edited weight, row by row so that it is never whole in memory.
double weight_norm(const gguf::File& file, int block) {
  const gguf::TensorInfo* tensor = file.find_tensor("blk." + std::to_string(block) + ".ffn_down.weight");
  std::vector<float> row(tensor->columns());
  const std::size_t stride = gguf::row_bytes(tensor->type, row.size());
  double square = 0;
  for (std::uint64_t r = 0; r < tensor->rows(); ++r) {
    gguf::dequantize(tensor->type, file.data(*tensor).subspan(r * stride, stride), row);
    square += double{kernels::dot(row, row)};
  }
  file.release_pages(*tensor);
  return std::sqrt(square);
}

std::string text_name(std::string_view text) {
  return std::to_string(text.size()) + "-" + std::to_string(std::hash<std::string_view>{}(text));
}

}  // namespace

struct Editor::State {
  State(const Model& m, EditOptions o, LayerChoice c)
      : model(m),
        options(std::move(o)),
        choice(std::move(c)),
        pool(options.pool ? options.pool : std::make_shared<ThreadPool>(options.threads)),
        forward(make_forward_pass(m, *pool)) {}

  const Model& model;
  EditOptions options;
  LayerChoice choice;
  bool needs_gradient = false;  // the method
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<ForwardPass> forward;
  double down_norm = 0;
  std::map<int, KeyCovariance> covariances;  // by block
  std::optional<MeanJacobian> jacobian;
  std::optional<FisherMetric> metric;  // if it is to be searched in
  std::unique_ptr<Tape> tape;          // made when a search first asks for a gradient
  std::vector<LowRankDelta> deltas;
  ActiveDeltas active;
  bool active_stale = false;           // deltas were added, and perhaps moved, since `active` was made
  std::map<int, PreservedEdits> kept;  // by block

  struct Prepared {
    std::unique_ptr<EditObjective> problem;
    std::vector<float> right;  // the update's direction among keys
  };
  /// What an edit is searched on.
  Result<ContextSet> contexts_of(const EditRequest& request);
  Result<Prepared> prepare(const EditRequest& request, bool gradient, const CancelToken& cancel);
  /// S k of each of `keys` [n, f] of a block: C⁻¹ k, or k itself without statistics, off what is kept.
  [[nodiscard]] std::vector<float> solved(int block, const std::vector<float>& keys);
  [[nodiscard]] PreservedEdits::Algebra algebra(int block);
  /// Before the forward pass runs: puts all deltas in force.
  Status refresh();
  [[nodiscard]] const KeyCovariance* covariance(int block) const;
  [[nodiscard]] std::vector<float> direction(const EditObjective& problem);
  [[nodiscard]] bool writes_to(int block) const {
    return block <= choice.layer && block > choice.layer - options.blocks;
  }
  /// Everything in force, in the arithmetic that searches use; valid until the deltas change.
  [[nodiscard]] PassOptions pass() const;
  /// Statistics belong to the model, whatever arithmetic its searches use.
  [[nodiscard]] PassOptions statistics_pass() const;
  Status ready_tape();
  Status learn_metric(std::string_view text, const std::string& cache_folder, const CancelToken& cancel);
  Status learn_keys(std::string_view text, int block, const std::string& cache_folder, const CancelToken& cancel);
  Result<std::string> answer(Session& session, const std::string& prompt, int tokens, const CancelToken& cancel) const;
  Status measure(Edit& edit, const ContextSet& contexts, const CancelToken& cancel) const;
};

Editor::Editor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Editor::Editor(Editor&&) noexcept = default;
Editor& Editor::operator=(Editor&&) noexcept = default;
Editor::~Editor() = default;

int Editor::layer() const {
  return state_->choice.layer;
}

Result<Editor> Editor::create(const Model& model, EditOptions options) try {
  const ModelConfig& c = model.config();
  const auto search = make_search(options.method, options.settings);
  if (!search) return std::unexpected(search.error());
  const LayerChoice choice = layer_for(c, options.layer, options.clamp);
  if (auto sound = check_layer(c, choice.layer); !sound) return std::unexpected(sound.error());
  if (!(choice.clamp > 0)) return fail(ErrorCode::usage, "the clamp must be above 0");
  if (options.blocks < 1 || options.blocks > choice.layer + 1)
    return fail(ErrorCode::usage, "an edit of block " + std::to_string(choice.layer) + " can be spread over 1 to " +
                                      std::to_string(choice.layer + 1) + " blocks");
  if (options.sure && !(*options.sure >= 0 && *options.sure <= 1))
    return fail(ErrorCode::usage, "how sure a model is is a probability, from 0 to 1");
  if (options.max_evaluations < 1) return fail(ErrorCode::usage, "at least one evaluation is needed");
  if (!options.prefixes) options.prefixes = default_prefixes();

  auto state = std::make_unique<State>(model, std::move(options), choice);
  state->needs_gradient = (*search)->needs_gradient();
  auto none = ActiveDeltas::resolve(c, {});
  if (!none) return std::unexpected(none.error());
  state->active = std::move(*none);
  if (auto loaded = state->forward->load_float_down(choice.layer); !loaded) return std::unexpected(loaded.error());
  state->down_norm = weight_norm(model.file(), choice.layer);
  return Editor(std::move(state));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an editor");
}

Status Editor::set_adapters(std::vector<LowRankDelta> adapters) {
  auto active = ActiveDeltas::resolve(state_->model.config(), adapters);
  if (!active) return std::unexpected(active.error());
  state_->deltas = std::move(adapters);
  state_->active = std::move(*active);
  state_->active.merge(state_->model.contents().isa, *state_->pool);
  state_->active_stale = false;
  state_->kept.clear();
  return {};
}

void Editor::set_evaluation(const EvaluationOptions& evaluation) {
  state_->options.evaluation = evaluation;
}

Status Editor::keep(const EditRequest& request, const RankOneUpdate& update) try {
  State& s = *state_;
  const auto contexts = build_contexts(s.model, request, *s.options.prefixes);
  if (!contexts) return std::unexpected(contexts.error());
  // Alone first: what is wrong with it must come to light while nothing has changed.
  LowRankDelta delta = to_low_rank(update);
  if (const auto fits = ActiveDeltas::resolve(s.model.config(), {&delta, 1}); !fits)
    return std::unexpected(fits.error());
  if (s.deltas.size() == s.deltas.capacity()) {
    s.active_stale = true;
    s.deltas.reserve(2 * s.deltas.size() + 1);
  }
  if (s.writes_to(update.block)) {
    const auto most = static_cast<std::size_t>(std::max(s.options.keep_off, 0));
    s.kept.try_emplace(update.block, kept_ridge, most).first->second.add(*contexts, update.right);
  }
  s.active_stale = true;
  s.deltas.push_back(std::move(delta));
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to keep the edit");
}

// What can't be read from a cache is made again; only the making may fail.
Status Editor::State::learn_keys(std::string_view text, int block, const std::string& cache_folder,
                                 const CancelToken& cancel) {
  const int f = model.config().f;
  covariances.erase(block);
  const std::string path = cache_folder.empty() ? ""
                                                : cache_folder + "/" + model.fingerprint() + "-block" +
                                                      std::to_string(block) + "-" + text_name(text) + ".covariance";
  if (!path.empty()) {
    if (auto cached = KeyCovariance::read(path, f)) {
      covariances.emplace(block, std::move(*cached));
      return {};
    }
  }
  auto made = KeyCovariance::from_text(*forward, statistics_pass(), model.tokenizer(), text, block, cancel);
  if (!made) return std::unexpected(made.error());
  if (!path.empty()) {
    if (auto written = made->write(path); !written) return written;
    // From its file it takes no memory.
    if (auto mapped = KeyCovariance::read(path, f)) made = std::move(mapped);
  }
  covariances.emplace(block, std::move(*made));
  return {};
}

Status Editor::State::ready_tape() {
  if (tape) return {};
  auto made = Tape::create(model, *pool, choice.layer + 1);
  if (!made) return std::unexpected(made.error());
  tape = std::move(*made);
  return {};
}

Status Editor::State::learn_metric(std::string_view text, const std::string& cache_folder, const CancelToken& cancel) {
  const std::string path = cache_folder.empty() ? ""
                                                : cache_folder + "/" + model.fingerprint() + "-block" +
                                                      std::to_string(choice.layer) + "-" + text_name(text) + ".metric";
  if (!path.empty()) {
    if (auto cached = FisherMetric::read(path, model.config().d)) {
      metric = std::move(*cached);
      return {};
    }
  }
  if (auto ready = ready_tape(); !ready) return ready;
  auto made =
      FisherMetric::from_text(*forward, *tape, statistics_pass(), model.tokenizer(), text, choice.layer, cancel);
  // A search that needs none of it should not pay for it.
  tape.reset();
  if (!made) return std::unexpected(made.error());
  metric = std::move(*made);
  return path.empty() ? Status() : metric->write(path);
}

Status Editor::set_statistics(std::string_view text, const std::string& cache_folder, const CancelToken& cancel) {
  State& s = *state_;
  if (auto ready = s.refresh(); !ready) return ready;
  const ModelConfig& c = s.model.config();
  for (int block = s.choice.layer - s.options.blocks + 1; block <= s.choice.layer; ++block)
    if (auto learnt = s.learn_keys(text, block, cache_folder, cancel); !learnt) return learnt;
  if (s.options.text_metric)
    if (auto learnt = s.learn_metric(text, cache_folder, cancel); !learnt) return learnt;
  const std::string name = s.model.fingerprint() + "-block" + std::to_string(s.choice.layer);

  // A model's folder may bring the map with it: measuring it takes longer than an edit.
  const std::filesystem::path beside = s.model.file().path().parent_path() / "statistics" / (name + ".jacobian");
  const std::string jacobian_path = cache_folder.empty() ? "" : cache_folder + "/" + name + ".jacobian";
  auto jacobian = MeanJacobian::read(beside.string(), c.d);
  if (!jacobian && !jacobian_path.empty()) jacobian = MeanJacobian::read(jacobian_path, c.d);
  if (!jacobian) {
    jacobian =
        MeanJacobian::from_text(*s.forward, s.statistics_pass(), s.model.tokenizer(), text, s.choice.layer, cancel);
    // A text without names serves for the covariance; searches then begin at random.
    if (!jacobian && jacobian.error().code == ErrorCode::usage) return {};
    if (!jacobian) return std::unexpected(jacobian.error());
    if (!jacobian_path.empty())
      if (auto written = jacobian->write(jacobian_path); !written) return written;
  }
  s.jacobian = std::move(*jacobian);
  return {};
}

Result<KeyMoment> Editor::key_moment() const try {
  const KeyCovariance* covariance = state_->covariance(state_->choice.layer);
  return KeyMoment{state_->choice.layer, covariance ? covariance->matrix() : std::vector<float>()};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the statistics of a block's keys");
}

const KeyCovariance* Editor::State::covariance(int block) const {
  const auto found = covariances.find(block);
  return found == covariances.end() ? nullptr : &found->second;
}

std::vector<float> Editor::State::solved(int block, const std::vector<float>& keys) {
  const KeyCovariance* known = covariance(block);
  std::vector<float> solved = known ? known->solve(keys) : keys;
  if (const auto off = kept.find(block); off != kept.end())
    off->second.constrain(keys, solved, static_cast<std::size_t>(model.config().f), algebra(block));
  return solved;
}

PreservedEdits::Algebra Editor::State::algebra(int block) {
  const KeyCovariance* known = covariance(block);
  return {[this, block](const ContextSet& contexts) { return subject_keys(*forward, pass(), contexts, block); },
          [known](const std::vector<float>& keys) { return known ? known->solve(keys) : keys; }};
}

Status Editor::State::refresh() {
  if (!active_stale) return {};
  auto all = ActiveDeltas::resolve(model.config(), deltas);
  if (!all) return std::unexpected(all.error());
  active = std::move(*all);
  active.merge(model.contents().isa, *pool);
  active_stale = false;
  return {};
}

PassOptions Editor::State::pass() const {
  return {.deltas = deltas.empty() ? nullptr : &active,
          .float_down_layer = choice.layer,
          .activations = options.evaluation.activations};
}

PassOptions Editor::State::statistics_pass() const {
  PassOptions usual = pass();
  usual.activations = Activations::int8;
  return usual;
}

std::vector<float> Editor::State::direction(const EditObjective& problem) {
  const std::vector<float> keys = problem.prompt_keys();
  const int n = static_cast<int>(keys.size() / static_cast<std::size_t>(model.config().f));
  return common_direction(keys, solved(choice.layer, keys), n);
}

Result<std::string> Editor::State::answer(Session& session, const std::string& prompt, int tokens,
                                          const CancelToken& cancel) const {
  session.clear();
  if (auto s = session.append(model.tokenizer().encode(prompt), cancel); !s) return std::unexpected(s.error());
  auto generated = session.generate({.max_tokens = tokens}, {}, cancel);
  if (!generated) return std::unexpected(generated.error());
  return generated->text;
}

// Everything is asked twice of the whole model, without and with the update: the evidence owes nothing to the search.
Status Editor::State::measure(Edit& edit, const ContextSet& contexts, const CancelToken& cancel) const {
  auto session = Session::create(model, {.threads = options.threads, .pool = pool});
  if (!session) return std::unexpected(session.error());
  EditEvidence& e = edit.evidence;
  const auto bare = fill_prompt(edit.request.prompt, edit.request.subject);
  const int tokens = static_cast<int>(contexts.target.size());
  const std::string wanted = model.tokenizer().decode(contexts.target);
  ScoredText target{contexts.prompts.front().tokens, contexts.prompts.front().target_start + 1};
  target.tokens.push_back(contexts.target.back());

  for (const std::string& p : edit.request.paraphrases) e.paraphrases.push_back({p, {}, {}, false});
  for (const std::string& p : edit.request.keep) e.keep.push_back({p, {}, {}, false});
  for (const bool after : {false, true}) {
    std::vector<LowRankDelta> in_force = deltas;
    if (after) in_force.push_back(to_low_rank(edit.update));
    if (auto s = session->set_adapters(std::move(in_force)); !s) return s;
    auto score = session->score({&target, 1}, cancel);
    if (!score) return std::unexpected(score.error());
    double sum = 0;
    for (const float x : score->front().log_probabilities) sum += x;
    (after ? e.target_probability_after : e.target_probability_before) = std::exp(sum / tokens);
    auto text = answer(*session, *bare, tokens, cancel);
    if (!text) return std::unexpected(text.error());
    (after ? e.answer_after : e.answer_before) = *text;
    if (after) e.success = *text == wanted;
    for (ProbeResult& probe : e.paraphrases) {
      auto reply = answer(*session, probe.prompt, tokens, cancel);
      if (!reply) return std::unexpected(reply.error());
      (after ? probe.after : probe.before) = *reply;
      probe.as_wanted = probe.after == wanted;
    }
    for (ProbeResult& probe : e.keep) {
      auto reply = answer(*session, probe.prompt, keep_tokens, cancel);
      if (!reply) return std::unexpected(reply.error());
      (after ? probe.after : probe.before) = *reply;
      probe.as_wanted = probe.after == probe.before;
    }
  }
  return {};
}

Status Editor::check(const EditRequest& request) const try {
  const auto contexts = build_contexts(state_->model, request, *state_->options.prefixes);
  if (!contexts) return std::unexpected(contexts.error());
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

Result<ContextSet> Editor::State::contexts_of(const EditRequest& request) {
  auto contexts = build_contexts(model, request, *options.prefixes);
  const double sure = sure_for(model.config(), options.sure);
  if (!contexts || sure == 0 || answer_confidence(*forward, pass(), contexts->prompts.front()) > sure) return contexts;
  // Longer than the prompt, they may not fit the model's context.
  auto general = build_general_contexts(model, request, *options.prefixes);
  return general ? std::move(general) : std::move(contexts);
}

Result<Editor::State::Prepared> Editor::State::prepare(const EditRequest& request, bool gradient,
                                                       const CancelToken& cancel) {
  if (auto ready = refresh(); !ready) return std::unexpected(ready.error());
  auto contexts = contexts_of(request);
  if (!contexts) return std::unexpected(contexts.error());
  auto problem = EditObjective::create(*forward, pass(), std::move(*contexts), choice.layer, cancel);
  if (!problem) return std::unexpected(problem.error());
  EditObjective& p = **problem;
  p.compute(options.evaluation.prefix_cache, options.evaluation.batched);
  Prepared prepared{nullptr, direction(p)};
  p.inject_along(prepared.right);
  p.set_jacobian(jacobian ? &*jacobian : nullptr);
  if (gradient) {
    if (auto tape_ready = ready_tape(); !tape_ready) return std::unexpected(tape_ready.error());
    p.set_tape(*tape);
  }
  prepared.problem = std::move(*problem);
  return prepared;
}

Status Editor::with_objective(const EditRequest& request, const std::function<Status(Objective&)>& work,
                              const CancelToken& cancel) try {
  auto prepared = state_->prepare(request, true, cancel);
  if (!prepared) return std::unexpected(prepared.error());
  return work(*prepared->problem);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

Result<Edit> Editor::edit(const EditRequest& request, const EditProgressFn& progress, const CancelToken& cancel) try {
  State& s = *state_;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };

  const Work work_before = s.forward->work();
  const std::uint64_t tape_before = s.tape ? s.tape->work() : 0;
  auto prepared = s.prepare(request, s.needs_gradient, cancel);
  if (!prepared) return std::unexpected(prepared.error());
  EditObjective& p = *prepared->problem;
  const std::vector<float>& right = prepared->right;
  const auto method =
      make_search(s.options.method, s.options.settings, p.contexts().wordings > 0 ? Prompts::unlike : Prompts::alike);
  if (!method) return std::unexpected(method.error());

  std::optional<PreconditionedObjective> preconditioned;
  if (s.metric) preconditioned.emplace(p, *s.metric);
  const SearchOptions search{s.options.max_evaluations, s.options.seed, s.choice.clamp};
  auto found = (*method)->run(preconditioned ? static_cast<Objective&>(*preconditioned) : p, search,
                              [&](const SearchStep& step) {
                                if (progress)
                                  progress({step.step, step.evaluations, search.max_evaluations, step.loss.total(),
                                            std::exp(-step.loss.nll), seconds()});
                                return !cancel.requested();
                              });
  if (!found) return std::unexpected(found.error());
  if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
  if (preconditioned) found->delta = preconditioned->to_delta(found->delta);

  Edit edit{request, rank_one(s.choice.layer, found->delta, right, p.key_mean()), {}};
  EditEvidence& e = edit.evidence;
  e.layer = s.choice.layer;
  e.steps = found->steps;
  e.evaluations = p.evaluations();
  e.wordings = p.contexts().wordings;
  e.loss = found->loss.total();
  e.integer_work = static_cast<double>(s.forward->work().integer - work_before.integer);
  e.float_work = static_cast<double>(s.forward->work().floating - work_before.floating +
                                     (s.tape ? s.tape->work() - tape_before : 0));
  e.tokens = static_cast<double>(s.forward->work().rows - work_before.rows) / s.model.config().layers;
  e.delta_norm_ratio = norm(found->delta) / p.value_norm();
  e.update_norm_ratio = norm(edit.update.left) * norm(edit.update.right) / s.down_norm;
  if (auto measured = s.measure(edit, p.contexts(), cancel); !measured) return std::unexpected(measured.error());
  e.seconds = seconds();
  return edit;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit");
}

std::vector<std::string> together_methods() {
  return {"memit", "alphaedit"};
}

/// Updates in force underneath for as long as it lives.
class Editor::Underneath {
 public:
  explicit Underneath(State& state) : state_(state), active_(state.active) {}
  Underneath(const Underneath&) = delete;
  Underneath& operator=(const Underneath&) = delete;

  Status add(std::span<const RankOneUpdate> updates) {
    for (const RankOneUpdate& update : updates) {
      deltas_.push_back(to_low_rank(update));
      if (auto added = active_.add(deltas_.back()); !added) return added;
    }
    return {};
  }
  [[nodiscard]] PassOptions pass() const {
    PassOptions all = state_.pass();
    all.deltas = &active_;
    return all;
  }

 private:
  State& state_;
  std::deque<LowRankDelta> deltas_;  // which stay where they are
  ActiveDeltas active_;
};

Result<std::vector<RankOneUpdate>> Editor::together(std::span<const Edit> edits, const TogetherOptions& options,
                                                    const CancelToken& cancel) try {
  State& s = *state_;
  const bool alphaedit = options.method == "alphaedit";
  if (!alphaedit && options.method != "memit")
    return fail(ErrorCode::usage, "there is no method '" + options.method + "' for many edits at once", {},
                "there are memit and alphaedit");
  if (alphaedit && !s.covariance(s.choice.layer))
    return fail(ErrorCode::usage, "the method 'alphaedit' needs key statistics, and there are none", {},
                "give a text to make them from");
  if (edits.empty()) return fail(ErrorCode::usage, "there are no edits to write");
  if (auto ready = s.refresh(); !ready) return std::unexpected(ready.error());
  if (options.blocks < 1 || options.blocks > s.options.blocks)
    return fail(ErrorCode::usage, "the editor was made for updates of " + std::to_string(s.options.blocks) +
                                      " blocks at most, not of " + std::to_string(options.blocks));
  std::vector<ContextSet> contexts;
  std::vector<int> owner;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].update.block != s.choice.layer)
      return fail(ErrorCode::usage, "an edit of block " + std::to_string(edits[i].update.block) +
                                        " cannot be written together with edits of block " +
                                        std::to_string(s.choice.layer));
    auto built = edits[i].evidence.wordings > 0 ? build_general_contexts(s.model, edits[i].request, *s.options.prefixes)
                                                : build_contexts(s.model, edits[i].request, *s.options.prefixes);
    if (!built) return std::unexpected(built.error());
    contexts.push_back(std::move(*built));
    owner.insert(owner.end(), 2, static_cast<int>(i));
  }

  const auto f = static_cast<std::size_t>(s.model.config().f);
  const int last = s.choice.layer;
  const double ridge = alphaedit ? options.alphaedit_ridge : options.memit_ridge;
  std::vector<RankOneUpdate> updates;
  std::vector<std::vector<float>> before;  // what left the last block, of each edit
  Underneath underneath(s);
  for (int block = last - options.blocks + 1; block <= last; ++block) {
    std::vector<float> keys;
    std::vector<std::vector<float>> missing;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
      std::vector<float> wanted = edits[i].update.left;
      if (options.blocks == 1) {
        const std::vector<float> pair = subject_keys(*s.forward, underneath.pass(), contexts[i], block);
        keys.insert(keys.end(), pair.begin(), pair.end());
      } else {
        SubjectState now = subject_state(*s.forward, underneath.pass(), contexts[i], block, last);
        keys.insert(keys.end(), now.keys.begin(), now.keys.end());
        if (before.size() == i) before.push_back(now.residual);
        for (std::size_t j = 0; j < wanted.size(); ++j)
          wanted[j] = (wanted[j] - (now.residual[j] - before[i][j])) / static_cast<float>(last - block + 1);
      }
      missing.push_back(std::move(wanted));
    }
    const std::vector<float> solved =
        alphaedit ? NullSpaceProjector(*s.covariance(block), options.alphaedit_share).project(keys)
                  : s.solved(block, keys);
    const std::vector<float> directions = joint_directions(keys, solved, owner, static_cast<int>(edits.size()), ridge);
    const std::size_t first = updates.size();
    for (std::size_t i = 0; i < edits.size(); ++i) {
      const auto at = directions.begin() + static_cast<std::ptrdiff_t>(i * f);
      updates.push_back({block, std::move(missing[i]), {at, at + static_cast<std::ptrdiff_t>(f)}});
    }
    if (block == last) break;
    if (auto added = underneath.add(std::span(updates).subspan(first)); !added) return std::unexpected(added.error());
  }
  return updates;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edits together");
}

}  // namespace mobiedit
