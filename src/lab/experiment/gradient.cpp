// Experiment gradient: estimates by finite differences against the gradient.
#include <fmt/format.h>

#include <algorithm>

#include "lab/experiment/experiment.h"
#include "lab/study/gradient_study.h"

namespace mobiedit {
namespace {

constexpr double probes[] = {1e-4, 1e-3, 1e-2, 1e-1, 0};
constexpr std::size_t donors_at_most = 256;

struct Kind {
  const char* name;
  Directions directions;
  double leaning = 1;
};
constexpr Kind kinds[] = {{"Gaussian", Directions::gaussian},
                          {"orthonormal", Directions::orthonormal},
                          {"donors", Directions::donors},
                          {"donors that lean to the target", Directions::donors, 1.0 / 8}};

std::string probe_name(double probe) {
  return probe > 0 ? fmt::format("μ = {:g}", probe) : "μ√d = ‖v₀‖";
}

std::vector<TrialSetting> gradient_settings(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const Kind& kind : kinds)
    for (const double probe : probes)
      list.push_back({std::string(kind.name) + ", " + probe_name(probe), with_method(base, "backprop"), kind.name,
                      probe_name(probe), probe});
  return list;
}

Result<std::vector<Trial>> measure_gradient(const TrialContext& context, const FactRecord& fact) {
  const TrialSetting& setting = context.setting;
  GradientStudyOptions options;
  const Kind& kind = *std::ranges::find(kinds, setting.panel, &Kind::name);
  options.kind = kind.directions;
  options.leaning = kind.leaning;
  options.others = context.others;
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
      gradient_settings,
      measure_gradient,
      {{{"cosine", "cosine", 3}, {"variance", "variance", 2}},
       {{"cosine", "cosine with the gradient", "directions N", true, false},
        {"variance", "variance, of ‖g‖²", "directions N", true, true}},
       {"At the start, half-way and at the end of a search by backprop. Variance: E‖ĝ − Eĝ‖² / ‖g‖². The gradient is a "
        "backward pass in float32, the estimates are in the arithmetic of a search. Donors: random combinations of "
        "what "
        "other subjects of the data have in the fact's prompt where the edit writes, less the mean of all; of all, or "
        "of the eighth that gives the target most probability."}},
      {},
      donors_at_most};
}

}  // namespace mobiedit
