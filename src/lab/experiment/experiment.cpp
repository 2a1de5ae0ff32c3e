#include "lab/experiment/experiment.h"

#include <utility>

#include "io/peak_memory.h"

namespace mobiedit {

EditOptions with_method(const EditOptions& base, const std::string& method) {
  EditOptions options = base;
  options.method = method;
  if (options.max_evaluations > 0) return options;
  options.max_evaluations = find_method(method)->usual_evaluations;
  return options;
}

std::vector<TrialSetting> every_method(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const std::string& method : method_names(MethodKind::search))
    list.push_back({method, with_method(base, method), {}, {}, {}});
  return list;
}

Result<std::vector<Trial>> measure_edit(const TrialContext& context, const FactRecord& fact) {
  io::reset_peak_memory();
  const auto edit =
      edit_and_measure(context.editor, context.session, context.tokenizer, fact, context.progress, context.cancel);
  if (!edit) return std::unexpected(edit.error());
  const TrialSetting& setting = context.setting;
  Trial trial{setting.name, setting.panel, setting.line, setting.x, measures_of(*edit)};
  trial.measures.push_back({"peak bytes", static_cast<double>(io::peak_memory())});
  return std::vector{std::move(trial)};
}

std::vector<Experiment> all_experiments() {
  return {compare_experiment(),   gradient_experiment(), sensitivity_experiment(), ablation_experiment(),
          precision_experiment(), hard_experiment(),     multihop_experiment(),    staleness_experiment()};
}

}  // namespace mobiedit
