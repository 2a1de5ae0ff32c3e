// Experiment hard: success on improbable targets, by their probability before the edit.
#include <fmt/format.h>

#include <cmath>

#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

constexpr double decades_a_bin = 3;

/// Counts a trial twice: for its method, and for its method and bin of the probability before.
Result<std::vector<Trial>> measure_hard(const TrialContext& context, const FactRecord& fact) {
  auto trials = measure_edit(context, fact);
  if (!trials) return trials;
  Trial among = trials->front();
  for (const Measure& m : among.measures) {
    if (m.name != "probability before" || !(m.value > 0)) continue;
    const double bin = decades_a_bin * std::floor(std::log10(m.value) / decades_a_bin);
    among.setting = fmt::format("{}, from 1e{:g}", context.setting.name, bin);
    among.line = context.setting.name;
    among.x = std::pow(10, bin);
    trials->push_back(among);
    break;
  }
  return trials;
}

}  // namespace

Experiment hard_experiment() {
  return {
      "hard",
      "Compare methods on targets with a weak signal, by their probability before the edit",
      every_method,
      measure_hard,
      {{{"success", "success", 1},
        {"PS", "PS", 1},
        {"NS", "NS", 1},
        {"S", "S", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true},
        {"length", "‖δ‖/‖v₀‖", 2, 1, true}},
       {{"success", "success, per cent", "the target's probability before", true, false},
        {"evaluations", "evaluations, mean", "the target's probability before", true, true}},
       {"A bin is three decades of the target's probability a token before the edit, and is named by its lower end."}}};
}

}  // namespace mobiedit
