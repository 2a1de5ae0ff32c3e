// An experiment: a list of independent units of work, each one fact under one setting.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/experiment/report.h"
#include "lab/study/trial.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

/// Units of one setting share an editor.
struct TrialSetting {
  std::string name;
  EditOptions edit;
  std::string panel, line;  ///< see Trial
  std::optional<double> x;
  Precision precision = Precision::automatic;  ///< precision of the model
  Rounding rounding;                           ///< rounding of the model
};

/// Everything that one unit works with.
struct TrialContext {
  Editor& editor;
  Session& session;
  const Tokenizer& tokenizer;
  const TrialSetting& setting;
  const EditProgressFn& progress;
  const CancelToken& cancel;
  const std::vector<FactRecord>& others;  ///< see Experiment::others
};

struct Experiment {
  std::string name;
  std::string about;
  /// `base` has the options that every search shares; `layer` is the edited layer, of `layers`.
  std::function<std::vector<TrialSetting>(const EditOptions& base, int layer, int layers)> settings;
  std::function<Result<std::vector<Trial>>(const TrialContext&, const FactRecord&)> measure;
  Presentation presentation;
  std::function<bool(const FactRecord&)> serves = {};  ///< selects the records that it can use; empty: all
  std::size_t others = 0;  ///< records of the data that each unit may look at, whatever the limit on facts
};

/// Edits the fact as the setting says. Returns measures_of the edit, and `peak bytes` of this unit.
[[nodiscard]] Result<std::vector<Trial>> measure_edit(const TrialContext& context, const FactRecord& fact);

/// `base` with a method and, unless `base` has one, the method's budget of evaluations.
[[nodiscard]] EditOptions with_method(const EditOptions& base, const std::string& method);
/// One setting per method; layers play no part.
[[nodiscard]] std::vector<TrialSetting> every_method(const EditOptions& base, int layer, int layers);

// The experiments. Each is a file of this folder.
[[nodiscard]] Experiment compare_experiment();
[[nodiscard]] Experiment gradient_experiment();
[[nodiscard]] Experiment sensitivity_experiment();
[[nodiscard]] Experiment ablation_experiment();
[[nodiscard]] Experiment precision_experiment();
[[nodiscard]] Experiment hard_experiment();
[[nodiscard]] Experiment multihop_experiment();
[[nodiscard]] Experiment staleness_experiment();
[[nodiscard]] std::vector<Experiment> all_experiments();

}  // namespace mobiedit
