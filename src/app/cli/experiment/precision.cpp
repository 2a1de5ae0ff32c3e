// mobiedit experiment precision: the same searches in coarser and finer arithmetic.
#include "app/cli/experiment/experiment.h"

namespace mobiedit::cli {
namespace {

std::vector<TrialSetting> settings(const EditOptions& base, int, int) {
  struct Arithmetic {
    const char* name;
    Precision weights;
    Activations activations;
  };
  constexpr Arithmetic kinds[] = {{"weights as stored, 8-bit activations", Precision::automatic, Activations::int8},
                                  {"weights as stored, 16-bit activations", Precision::automatic, Activations::int16},
                                  {"float32", Precision::float32, Activations::int16}};
  std::vector<TrialSetting> list;
  for (const std::string& method : methods()) {
    if (method == "backprop") continue;  // its passes are in float32 whatever the model's are
    for (const Arithmetic& kind : kinds) {
      TrialSetting setting{method + ", " + kind.name, with_method(base, method), {}, {}, {}, kind.weights};
      setting.edit.evaluation.activations = kind.activations;
      list.push_back(std::move(setting));
    }
  }
  return list;
}

}  // namespace

Experiment precision_experiment() {
  return {"precision",
          "Search in the file's weights with activations of 8 and 16 bits, and in float32",
          settings,
          measure_edit,
          {{{"success", "success", 1},
            {"ES", "ES", 1},
            {"PS", "PS", 1},
            {"NS", "NS", 1},
            {"S", "S", 1},
            {"evaluations", "evaluations", 0, 1, true},
            {"seconds", "seconds", 2, 1, true},
            {"peak bytes", "peak MiB", 0, 1.0 / (1 << 20), true}},
           {{"success", "success, per cent", {}, false, false}, {"S", "S, per cent", {}, false, false}},
           {"The edited down-projection is in float32 in all of them. Weights of other widths are files of other "
            "types: give "
            "one to -m. Answers are measured in the same weights."}}};
}

}  // namespace mobiedit::cli
