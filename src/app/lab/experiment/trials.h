// What the experiments have in common: a list of independent units of work, each a fact under a setting.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/lab/experiment/report.h"
#include "app/lab/verbs.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/trial.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit::cli {

/// Units of one setting share an editor.
struct TrialSetting {
  std::string name;
  EditOptions edit;
  std::string panel, line;  ///< as Trial has them
  std::optional<double> x;
  Precision precision = Precision::automatic;  ///< of the model
  Rounding rounding;                           ///< likewise
};

/// What a unit works with.
struct TrialContext {
  Editor& editor;
  Session& session;
  const Tokenizer& tokenizer;
  const TrialSetting& setting;
  const EditProgressFn& progress;
  const CancelToken& cancel;
  const std::vector<FactRecord>& others;  ///< Experiment::others
};

struct Experiment {
  std::string name;
  std::string about;
  /// `base` has what the command line says of every search; `layer` is the block that it edits, of `blocks`.
  std::function<std::vector<TrialSetting>(const EditOptions& base, int layer, int blocks)> settings;
  std::function<Result<std::vector<Trial>>(const TrialContext&, const FactRecord&)> measure;
  Presentation presentation;
  std::function<bool(const FactRecord&)> serves = {};  ///< records that it can do nothing with are left out; empty: all
  std::size_t others = 0;  ///< so many of the data's records, whatever the limit, are at hand in every unit
};

/// Edits the fact as the setting says: measures_of, and `peak bytes` of this unit.
[[nodiscard]] Result<std::vector<Trial>> measure_edit(const TrialContext& context, const FactRecord& fact);

/// The experiment's subcommand of `verb`.
void add_trials(CLI::App& verb, Run& run, Experiment experiment);

/// `base` with a method and, unless the command line says another, its budget of evaluations.
[[nodiscard]] EditOptions with_method(const EditOptions& base, const std::string& method);
/// A setting for each method, as it comes; of the model's blocks nothing is asked.
[[nodiscard]] std::vector<TrialSetting> every_method(const EditOptions& base, int layer, int blocks);

/// All experiments that are made of trials, for those who put results together.
[[nodiscard]] std::vector<Experiment> trial_experiments();

}  // namespace mobiedit::cli
