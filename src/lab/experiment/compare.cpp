// Experiment compare: every method for single facts, on equal facts in one model.
#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

// Horowitz, "Computing's energy problem", ISSCC 2014, 45 nm: an 8-bit product takes 0.2 pJ and a 32-bit sum 0.1 pJ;
// in float32 they take 3.7 and 0.9 pJ.
constexpr double joules_an_integer = 0.3e-12, joules_a_float = 4.6e-12;

Result<std::vector<Trial>> measure_comparison(const TrialContext& context, const FactRecord& fact) {
  auto trials = measure_edit(context, fact);
  if (!trials) return trials;
  double joules = 0;
  for (const Measure& m : trials->front().measures) {
    if (m.name == "integer MAC") joules += m.value * joules_an_integer;
    if (m.name == "float MAC") joules += m.value * joules_a_float;
  }
  trials->front().measures.push_back({"joules", joules});
  return trials;
}

}  // namespace

Experiment compare_experiment() {
  return {
      "compare",
      "Compare all methods for single facts: quality, evaluations, seconds, memory, work",
      every_method,
      measure_comparison,
      {{{"success", "success", 1},
        {"ES", "ES", 1},
        {"PS", "PS", 1},
        {"NS", "NS", 1},
        {"S", "S", 1},
        {"paraphrase exact", "paraphrases", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true},
        {"peak bytes", "peak MiB", 0, 1.0 / (1 << 20), true},
        {"integer MAC", "integer GMAC", 2, 1e-9, true},
        {"float MAC", "float GMAC", 2, 1e-9, true},
        {"joules", "joules (estimate)", 4, 1, true}},
       {{"S", "S, per cent", {}, false, false},
        {"evaluations", "evaluations an edit, mean", {}, false, true},
        {"seconds", "seconds an edit, mean", {}, false, true},
        {"peak bytes", "peak memory of the process, bytes", {}, false, false},
        {"joules", "energy of an edit's arithmetic, joules (an estimate)", {}, false, true}},
       {"± is half of a 95 % confidence interval of the mean; evaluations, seconds, memory and work are medians.",
        "Joules are an estimate, not a measurement: multiply-accumulates times published figures for 45 nm (Horowitz, "
        "ISSCC 2014): 0.3 pJ in 8-bit integers, 4.6 pJ in float32. Moving data, which costs more, is not in it."}}};
}

}  // namespace mobiedit
