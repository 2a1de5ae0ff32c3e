// Experiment ablation: searches without one of their parts.
#include <cmath>
#include <span>

#include "kernels/double_ops.h"
#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

std::vector<TrialSetting> ablations(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  const auto add = [&](const std::string& name, const std::string& method, auto&& change) {
    EditOptions edit = with_method(base, method);
    change(edit);
    list.push_back({name, std::move(edit), {}, {}, {}});
  };
  const auto nothing = [](EditOptions&) {};
  add("subspace", "subspace", nothing);
  add("subspace, no prefix cache", "subspace", [](EditOptions& e) { e.evaluation.prefix_cache = false; });
  add("subspace, one at a time", "subspace", [](EditOptions& e) { e.evaluation.batched = false; });
  add("subspace, 16-bit activations", "subspace",
      [](EditOptions& e) { e.evaluation.activations = Activations::int16; });
  add("subspace, no early stop", "subspace", [](EditOptions& e) {
    e.settings.insert(e.settings.end(), {{"stop_margin", 1e6}, {"hard_margin_share", 1}, {"patience", 0}});
  });
  add("mobiedit", "mobiedit", nothing);
  add("mobiedit, 16-bit activations", "mobiedit",
      [](EditOptions& e) { e.evaluation.activations = Activations::int16; });
  add("mobiedit, no early stop", "mobiedit", [](EditOptions& e) { e.settings.push_back({"test_every", 0}); });
  return list;
}

/// ‖a − b‖ / ‖b‖, Frobenius. Sums (l_a − l_b) r_aᵀ + l_b (r_a − r_b)ᵀ, in which no large terms cancel.
double difference(const RankOneUpdate& a, const RankOneUpdate& b) {
  using kernels::dot_in_double;
  std::vector<float> left = a.left, right = a.right;
  for (std::size_t i = 0; i < left.size(); ++i) left[i] -= b.left[i];
  for (std::size_t i = 0; i < right.size(); ++i) right[i] -= b.right[i];
  const double square = dot_in_double(left, left) * dot_in_double(a.right, a.right) +
                        dot_in_double(b.left, b.left) * dot_in_double(right, right) +
                        2 * dot_in_double(left, b.left) * dot_in_double(a.right, right);
  return std::sqrt(std::max(square, 0.0) / (dot_in_double(b.left, b.left) * dot_in_double(b.right, b.right)));
}

/// ‖a − b‖ / ‖b‖ of the δ of two neurons.
double difference(const Neuron& a, const Neuron& b) {
  std::vector<float> down = a.down;
  for (std::size_t i = 0; i < down.size(); ++i) down[i] -= b.down[i];
  return kernels::norm_in_double(down) / kernels::norm_in_double(b.down);
}

double difference(const Update& a, const Update& b) {
  if (const auto* neuron = std::get_if<Neuron>(&a)) return difference(*neuron, std::get<Neuron>(b));
  return difference(std::get<RankOneUpdate>(a), std::get<RankOneUpdate>(b));
}

Result<std::vector<Trial>> measure_ablation(const TrialContext& context, const FactRecord& fact) {
  auto trials = measure_edit(context, fact);
  if (!trials) return trials;
  const EvaluationOptions& evaluation = context.setting.edit.evaluation;
  if (evaluation.prefix_cache && evaluation.batched) return trials;
  // Compares with the edit found with cache and batches.
  const EditRequest request{fact.subject, fact.prompt, fact.target_new, {}, {}};
  const auto here = context.editor.edit(request, context.progress, context.cancel);
  if (!here) return std::unexpected(here.error());
  EvaluationOptions usual = evaluation;
  usual.prefix_cache = usual.batched = true;
  context.editor.set_evaluation(usual);
  const auto there = context.editor.edit(request, context.progress, context.cancel);
  context.editor.set_evaluation(evaluation);
  if (!there) return std::unexpected(there.error());
  auto& measures = trials->front().measures;
  measures.push_back({"difference", difference(here->update, there->update)});
  measures.push_back({"token share", there->evidence.tokens / here->evidence.tokens});
  return trials;
}

}  // namespace

Experiment ablation_experiment() {
  return {
      "ablation",
      "Switch off early stopping, the prefix cache, batches and coarse activations, one by one",
      ablations,
      measure_ablation,
      {{{"success", "success", 1},
        {"S", "S", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true},
        {"tokens", "tokens", 0, 1, true},
        {"peak bytes", "peak MiB", 0, 1.0 / (1 << 20), true},
        {"difference", "difference", 7, 1, true},
        {"token share", "token share", 3, 1, true}},
       {{"success", "success, per cent", {}, false, false},
        {"seconds", "seconds an edit, mean", {}, false, true},
        {"tokens", "tokens computed in an edit, mean", {}, false, true}},
       {"Tokens: rows through a block, over the number of blocks. Difference: ‖ΔW − ΔW'‖ / ‖ΔW'‖, ΔW' being the edit "
        "with the cache and batches; token share: its tokens over those without. Medians but for success and S."}}};
}

}  // namespace mobiedit
