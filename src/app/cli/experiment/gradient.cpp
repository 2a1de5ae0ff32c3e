// mobiedit experiment gradient: estimates by differences against the gradient.
#include <fmt/format.h>

#include "app/cli/experiment/experiment.h"
#include "eval/gradient_study.h"

namespace mobiedit::cli {
namespace {

constexpr double probes[] = {1e-4, 1e-3, 1e-2, 1e-1, 0};
constexpr const char* kinds[] = {"Gaussian", "orthonormal"};

std::string probe_name(double probe) {
  return probe > 0 ? fmt::format("μ = {:g}", probe) : "μ√d = ‖v₀‖";
}

std::vector<TrialSetting> settings(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const char* kind : kinds)
    for (const double probe : probes)
      list.push_back({std::string(kind) + ", " + probe_name(probe), with_method(base, "backprop"), kind,
                      probe_name(probe), probe});
  return list;
}

Result<std::vector<Trial>> measure(const TrialContext& context, const FactRecord& fact) {
  const TrialSetting& setting = context.setting;
  GradientStudyOptions options;
  options.orthonormal = setting.panel == kinds[1];
  options.probe = *setting.x;
  options.seed = setting.edit.seed;
  const auto estimates = study_gradient(context.editor, fact, options, context.cancel);
  if (!estimates) return std::unexpected(estimates.error());
  std::vector<Trial> trials;
  for (const GradientEstimate& e : *estimates) {
    Trial trial{fmt::format("{}, {}, N = {}", setting.name, e.where, e.directions),
                setting.panel + ", " + e.where,
                setting.line,
                e.directions,
                {{"cosine", e.cosine}}};
    if (e.variance) trial.measures.push_back({"variance", *e.variance});
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace

Experiment gradient_experiment() {
  return {
      "gradient",
      "Compare estimates of the gradient with the gradient, over N, μ and kinds of directions",
      settings,
      measure,
      {{{"cosine", "cosine", 3}, {"variance", "variance", 2}},
       {{"cosine", "cosine with the gradient", "directions N", true, false},
        {"variance", "variance, of ‖g‖²", "directions N", true, true}},
       {"At the start, half-way and at the end of a search by backprop. Variance: E‖ĝ − Eĝ‖² / ‖g‖². The gradient is a "
        "backward pass in float32, the estimates are in the arithmetic of a search."}}};
}

}  // namespace mobiedit::cli
