// Edits each fact of a data set in the unedited model, and measures each edit alone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct ExperimentObserver {
  std::function<void(std::size_t fact, const EditProgress&)> searching;  ///< may be empty
  std::function<void(std::size_t fact, const FactOutcome&)> measured;    ///< may be empty
};

/// Returns one outcome per fact, in order. `seconds` is the time of search, update and the editor's own measurement of
/// the prompt. Searches run with the editor's adapters in force; measurements have the adapter of the edit alone.
/// Errors: usage, naming the record, before the first search if the editor would refuse any; cancelled.
[[nodiscard]] Result<std::vector<FactOutcome>> run_experiment(Editor& editor, const Model& model,
                                                              std::span<const FactRecord> facts,
                                                              const SessionOptions& session_options,
                                                              const ExperimentObserver& observer = {},
                                                              const CancelToken& cancel = {});

/// Edits that are to be in force together.
struct EditsTogether {
  Changes changes;
  std::vector<EditEvidence> costs;  ///< one per fact, in order
};

/// Searches each edit alone, and writes all of them as one update (Editor::mass_edit). Without `options` they are
/// written one by one, as they were found. Errors: as run_experiment and Editor::mass_edit.
[[nodiscard]] Result<EditsTogether> find_together(Editor& editor, std::span<const FactRecord> facts,
                                                  const std::optional<MassEditOptions>& options,
                                                  const ExperimentObserver& observer = {},
                                                  const CancelToken& cancel = {});

/// Searches each edit alone, writes all of them as one update (Editor::mass_edit), and measures each fact with the
/// whole update in force. `success` means here that greedy generation after the prompt gives the target. `measured` is
/// called at the end. Errors: as run_experiment and Editor::mass_edit.
[[nodiscard]] Result<std::vector<FactOutcome>> run_mass_edit(
    Editor& editor, const Model& model, std::span<const FactRecord> facts, const MassEditOptions& options,
    const SessionOptions& session_options, const ExperimentObserver& observer = {}, const CancelToken& cancel = {});

}  // namespace mobiedit
