// Experiment sensitivity: varies one setting of a method at a time; others keep their defaults.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "edit/contexts.h"
#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

std::vector<TrialSetting> sensitivities(const EditOptions& base, int layer, int blocks) {
  std::vector<TrialSetting> list;
  const auto add = [&](const std::string& method, const std::string& name, double x, EditOptions edit) {
    const std::string panel = method + ", " + name;
    list.push_back({fmt::format("{} {:g}", panel, x), std::move(edit), panel, {}, x});
  };
  const auto vary = [&](const std::string& method, const std::string& name, std::initializer_list<double> values) {
    for (const double value : values) {
      EditOptions edit = with_method(base, method);
      edit.settings.push_back({name, value});
      add(method, name, value, std::move(edit));
    }
  };
  vary("subspace", "probe", {0.1, 0.3, 1, 3});
  vary("subspace", "initial_probes", {1, 4, 8, 16, 32});
  vary("subspace", "margin", {2, 4, 8, 12});
  const std::vector<std::string> prefixes = default_prefixes();
  for (std::size_t n = 1; n <= prefixes.size(); n += 2) {
    EditOptions edit = with_method(base, "subspace");
    edit.prefixes.emplace(prefixes.begin(), prefixes.begin() + static_cast<std::ptrdiff_t>(n));
    add("subspace", "contexts", static_cast<double>(n + 1), std::move(edit));
  }
  for (const double clamp : {1.0, 2.0, 4.0, 8.0}) {
    EditOptions edit = with_method(base, "subspace");
    edit.clamp = clamp;
    add("subspace", "clamp", clamp, std::move(edit));
  }
  for (int block = std::max(layer - 4, 0); block <= std::min(layer + 4, blocks - 2); block += 2) {
    EditOptions edit = with_method(base, "subspace");
    edit.layer = block;
    add("subspace", "layer", block, std::move(edit));
  }
  vary("zo", "probe", {0.03, 0.1, 0.3, 1});
  vary("zo", "directions", {4, 16, 64});
  vary("zo", "learning_rate", {0.1, 0.5, 2});
  vary("mobiedit", "probe", {0.001, 0.01, 0.1, 1});
  vary("mobiedit", "directions", {2, 5, 20});
  vary("mobiedit", "learning_rate", {0.01, 0.05, 0.2});
  return list;
}

}  // namespace

Experiment sensitivity_experiment() {
  return {
      "sensitivity",
      "Vary one setting of subspace, zo and mobiedit at a time",
      sensitivities,
      measure_edit,
      {{{"success", "success", 1},
        {"ES", "ES", 1},
        {"PS", "PS", 1},
        {"NS", "NS", 1},
        {"S", "S", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true},
        {"length", "‖δ‖/‖v₀‖", 2, 1, true}},
       {{"S", "S, per cent", "value", true, false}, {"evaluations", "evaluations, mean", "value", true, true}},
       {"Evaluations, seconds and length are medians. Probes are in lengths of v₀ for subspace and zo, absolute for "
        "mobiedit."}}};
}

}  // namespace mobiedit
