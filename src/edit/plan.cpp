#include "mobiedit/edit/plan.h"

#include <algorithm>

#include "backend/cpu/footprint.h"
#include "backend/cpu/weights.h"
#include "base/try.h"
#include "edit/context_cache.h"
#include "edit/contexts.h"
#include "edit/evidence.h"
#include "edit/layer_choice.h"
#include "edit/subject_contexts.h"
#include "kernels/linear.h"
#include "mobiedit/edit/layer.h"
#include "mobiedit/search/methods.h"
#include "model/cost.h"
#include "search/method_table.h"

namespace mobiedit {
namespace {

using Phase = PlannedPass::Phase;

// The program itself, its libraries and stacks, as measured.
constexpr std::uint64_t program_bytes = std::uint64_t{14} << 20;

// W and Wᵀ in float32, of all weights that a backward pass to layer `layer` goes through.
std::uint64_t backward_bytes(const ModelConfig& c, int layer) {
  return 2 * sizeof(float) * (layer_weights(c, layer + 1, c.layers) + static_cast<std::uint64_t>(output_cost(c)));
}

// Pairs of a row in [from, to) and a position it attends to, in one sequence.
double attended_by(int from, int to) {
  return 0.5 * (static_cast<double>(to) * (to + 1) - static_cast<double>(from) * (from + 1));
}

class Planner {
 public:
  Planner(const ModelConfig& config, int layer) : config_(config) { plan.layer = layer; }

  void prepare(const Context& context) {
    const int prefix = context.subject_last, length = static_cast<int>(context.tokens.size());
    if (prefix > 0)
      plan.passes.push_back({Phase::prepare, 1, 0, prefix, 1, 0, config_.layers, 0, attended_by(0, prefix), true});
    const int rows = length - prefix;
    plan.passes.push_back({Phase::prepare, 1, 0, rows, rows, 0, plan.layer + 1, 0, attended_by(prefix, length), true});
    plan.rows += rows;
    attended_per_evaluation_ += attended_by(prefix, length);
  }

  // Evaluations of every prompt and the KL prompt, `at_once` in each pass.
  void evaluate(int evaluations, int at_once, int logit_rows) {
    plan.evaluations += evaluations;
    plan.passes.push_back({Phase::evaluate, static_cast<double>(evaluations) / at_once, at_once, at_once * plan.rows,
                           at_once * logit_rows, plan.layer + 1, config_.layers, at_once * logit_rows,
                           at_once * attended_per_evaluation_, false});
  }

  // Probes: one evaluation's worth tries a direction in each prompt. Each probe runs the KL prompt too, which an
  // evaluation runs once.
  void probe(int evaluations, int prompts, int tokens, const Context& kl) {
    const int kl_rows = static_cast<int>(kl.tokens.size()) - kl.subject_last;
    const int rows = plan.rows + (prompts - 1) * kl_rows;
    const int at_once = std::clamp(static_cast<int>(batch_rows) / rows, 1, std::max(evaluations, 1));
    const int logit_rows = at_once * prompts * (tokens + 1);
    const double positions =
        attended_per_evaluation_ + (prompts - 1) * attended_by(kl.subject_last, static_cast<int>(kl.tokens.size()));
    plan.evaluations += evaluations;
    plan.passes.push_back({Phase::evaluate, static_cast<double>(evaluations) / at_once, at_once, at_once * rows,
                           logit_rows, plan.layer + 1, config_.layers, logit_rows, at_once * positions, false});
  }

  // A prompt that is read and continued, without the update and with it.
  void answer(int length, int tokens) {
    plan.passes.push_back({Phase::measure, 2, 0, length, 1, 0, config_.layers, 1, attended_by(0, length), false});
    if (tokens > 1)
      plan.passes.push_back({Phase::measure, 2.0 * (tokens - 1), 0, 1, 1, 0, config_.layers, 1,
                             static_cast<double>(length) + tokens / 2.0, false});
  }

  void score(int length, int tokens) {
    plan.passes.push_back(
        {Phase::measure, 2, 0, length, tokens, 0, config_.layers, tokens, attended_by(0, length), false});
  }

  EditPlan plan;

 private:
  const ModelConfig& config_;
  double attended_per_evaluation_ = 0;
};

}  // namespace

EditMemory edit_memory(const gguf::File& file, const ModelConfig& c, const ModelOptions& model,
                       const EditOptions& options) {
  const kernels::Isa isa = model.portable_kernels ? kernels::Isa::portable : kernels::best_isa();
  const Footprint loaded = footprint(file, c, isa, model.precision, 0);
  EditMemory memory;
  memory.weights = loaded.weights;
  memory.vocabulary = loaded.vocabulary;
  memory.program = program_bytes;
  if (options.write != WriteKind::neuron && c.f > 0 && layer_for(c, options).layer < c.layers)
    memory.edited_weight = kernels::PackedWeight::packed_bytes(isa, kernels::WeightKind::f32, c.d, c.f);

  const MethodInfo* method = find_method(options.method);
  if (options.fisher_metric || (method != nullptr && method->needs_gradient))
    memory.backward = backward_bytes(c, layer_for(c, options).layer);

  const std::uint64_t slice = std::uint64_t{OutputWeight::slice_rows} * sizeof(float) * (batch_rows / 2);
  // Scoring an answer holds the logits of several rows.
  const std::uint64_t scoring = 16 * static_cast<std::uint64_t>(c.vocab) * sizeof(float);
  memory.scratch = std::max(batch_rows * row_scratch(c) + slice + scoring, loaded.passing);
  return memory;
}

namespace {

void plan_measurement(Planner& planner, const Model& model, const Context& bare, const EditRequest& request) {
  const int length = bare.target_start + 1, tokens = bare.rows();
  planner.score(length + tokens - 1, tokens);
  planner.answer(length, tokens);
  const auto length_of = [&](const std::string& text) {
    return static_cast<int>(model.tokenizer().encode(text).size());
  };
  for (const std::string& p : request.paraphrases) planner.answer(length_of(p), tokens);
  for (const std::string& p : request.keep) planner.answer(length_of(p), keep_tokens);
}

// An evaluation counts as one of all texts; the first stage's, on statements alone, count by their share.
Result<EditPlan> plan_neuron(const Model& model, const ModelConfig& config, const ModelOptions& options,
                             const EditOptions& edit, const EditRequest& request, int evaluations) {
  const auto chat = ChatFormat::of(model);
  SubjectContextOptions wanted;
  wanted.prefixes = edit.prefixes.value_or(default_prefixes());
  wanted.chat = chat ? &*chat : nullptr;
  wanted.statements = edit.neuron.statements;
  // The model's own words are not known before it is loaded; their number is.
  wanted.own_words.assign(static_cast<std::size_t>(std::max(edit.neuron.own_words, 1)), 0);
  MOBIEDIT_TRY(const SubjectContexts subject, build_subject_contexts(model, {&request, 1}, wanted));
  Planner planner(config, layer_for(config, edit).layer);
  int logit_rows = 0;
  const ContextSet& contexts = subject.contexts;
  for (const auto* some : {&contexts.prompts, &contexts.preserved})
    for (const Context& context : *some) {
      planner.prepare(context);
      logit_rows += context.rows();
    }
  constexpr int lengths_at_once = 4;
  planner.evaluate(evaluations, lengths_at_once, logit_rows);
  plan_measurement(planner, model, contexts.prompts.front(), request);
  planner.plan.contexts = static_cast<int>(contexts.prompts.size() + contexts.preserved.size());
  planner.plan.memory = edit_memory(model.file(), config, options, edit);
  return std::move(planner.plan);
}

}  // namespace

Result<EditPlan> plan_edit(const Model& model, const ModelOptions& options, const EditOptions& edit,
                           const EditRequest& request, int evaluations) {
  const auto config = ModelConfig::from_file(model.file());
  if (!config) return std::unexpected(config.error());
  const int layer = layer_for(*config, edit).layer;
  if (auto sound = check_layer(*config, layer); !sound) return std::unexpected(sound.error());
  const std::vector<std::string> prefixes = edit.prefixes.value_or(default_prefixes());
  if (edit.write == WriteKind::neuron) return plan_neuron(model, *config, options, edit, request, evaluations);
  auto contexts = build_contexts(model, request, prefixes);
  if (!contexts) return std::unexpected(contexts.error());
  // Only the model can tell its confidence, and it is not asked here.
  if (confidence_threshold_for(*config, edit.confidence_threshold) == 1)
    if (auto general = build_general_contexts(model, request, prefixes)) contexts = std::move(general);
  const int tokens = static_cast<int>(contexts->target.size());

  Planner planner(*config, layer);
  for (const Context& context : contexts->prompts) planner.prepare(context);
  planner.prepare(contexts->preserved.front());
  const int prompts = static_cast<int>(contexts->prompts.size());
  const int logit_rows = prompts * tokens + 1;
  const Prompts likeness = contexts->wordings > 0 ? Prompts::unlike : Prompts::alike;
  for (const SearchPasses& passes : search_passes(edit.method, evaluations, likeness)) {
    if (passes.evaluations <= 0) continue;
    if (passes.probes)
      planner.probe(passes.evaluations, prompts, tokens, contexts->preserved.front());
    else
      planner.evaluate(passes.evaluations, passes.at_once, logit_rows);
  }
  plan_measurement(planner, model, contexts->prompts.front(), request);
  planner.plan.contexts = prompts + 1;
  planner.plan.memory = edit_memory(model.file(), *config, options, edit);
  return std::move(planner.plan);
}

PlannedWork work_of(const ModelConfig& c, const PlannedPass& pass, bool quantised) {
  const int layers = pass.end - pass.first;
  const bool narrow = pass.last_rows < pass.rows;
  // Products of all layers but the last, and of the last one for the rows that go on.
  const LayerCost all = layers_cost(c, pass.first, pass.end), last = layer_cost(c, pass.end - 1);
  double products = pass.rows * (all.total() - (narrow ? last.rest : 0)) + (narrow ? pass.last_rows * last.rest : 0) +
                    pass.logit_rows * output_cost(c);
  PlannedWork work;
  if (pass.edits) {
    work.floating += pass.rows * last.down;
    products -= pass.rows * last.down;
  }
  (quantised ? work.integer : work.floating) += products;
  // Scores and weighted sums of attention.
  work.floating += 2.0 * c.q_size() * pass.attended * layers;
  return work;
}

}  // namespace mobiedit
