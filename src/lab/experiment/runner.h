// Runs the units of an experiment that a results file lacks.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/experiment/experiment.h"
#include "lab/experiment/results_file.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/model.h"
#include "workspace/prepare_editor.h"

namespace mobiedit {

/// Opens models and editors for a run: the caller knows files, caches and threads.
struct Opener {
  std::function<Result<Model>(Precision, const Rounding&)> model;
  std::function<Result<PreparedEditor>(const Model&, const EditOptions&)> editor;
  SessionOptions session;
};

/// Part `which`, counted from 0, of `of` parts.
struct Shard {
  std::size_t which = 0;
  std::size_t of = 1;
};

/// Reads "1/4", the first of four parts; the whole for an empty text, none for any other.
[[nodiscard]] std::optional<Shard> shard_of(const std::string& text);

struct RunnerInput {
  const Experiment& experiment;
  std::vector<TrialSetting> settings;
  const std::vector<FactRecord>& facts;
  const std::vector<FactRecord>& others;  ///< see Experiment::others
  Shard shard;
};

struct RunnerObserver {
  std::function<void(const std::string& label)> unit;                         ///< before each unit; may be empty
  std::function<void(const std::string& label, const EditProgress&)> search;  ///< may be empty
};

/// The failure of `chosen_settings`.
inline constexpr ErrorId unknown_setting{ErrorCode::usage, "lab.unknown_setting"};

/// The settings whose name contains one of `only`; all if `only` is empty. Errors: usage, listing the names there are.
[[nodiscard]] Result<std::vector<TrialSetting>> chosen_settings(std::vector<TrialSetting> settings,
                                                                const std::vector<std::string>& only);

/// Errors: usage, naming the record, if the editor would refuse the record or one of its further edits.
[[nodiscard]] Status check_record(const Editor& editor, const FactRecord& fact);

/// Adds each result to the file as soon as it is there. `usual` is the model at Precision::automatic. Errors: those of
/// the opener, of units and of the file (whose results so far stay); cancelled.
[[nodiscard]] Status run_units(const RunnerInput& input, const Model& usual, const Opener& opener, ResultsFile& file,
                               const RunnerObserver& observer, const CancelToken& cancel);

}  // namespace mobiedit
