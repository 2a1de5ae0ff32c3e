// Trials: results of an experiment's units as named numbers, and their summaries.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

struct Measure {
  std::string name;
  double value = 0;
};

/// One fact under one setting. A setting may be a point of a curve: of line `line` in plot `panel`, at `x`.
struct Trial {
  std::string setting;
  std::string panel, line;
  std::optional<double> x;
  std::vector<Measure> measures;
};

struct MeasureSummary {
  std::string name;
  int n = 0;
  double mean = 0;
  std::optional<double> half_interval;  ///< of 95 %, of the mean; none for fewer than two trials
  Spread spread;
};

/// All trials of one setting.
struct SettingSummary {
  std::string setting;
  std::string panel, line;
  std::optional<double> x;
  std::vector<MeasureSummary> measures;

  [[nodiscard]] const MeasureSummary* find(std::string_view name) const;
};

/// Settings and measures in the order in which they first appear. Values that are not finite are left out. Where there
/// are ES, PS and NS, there is also S, the harmonic mean of theirs.
[[nodiscard]] std::vector<SettingSummary> summarise(std::span<const Trial> trials);

/// An edit, and what was measured of it.
struct MeasuredEdit {
  Edit edit;
  FactOutcome outcome;
};

/// Edits a fact in the model as the editor has it, and measures it in the session with that edit alone in force.
/// Errors: as Editor::edit and measure_fact, naming the record.
[[nodiscard]] Result<MeasuredEdit> edit_and_measure(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                                    const FactRecord& fact, const EditProgressFn& progress = {},
                                                    const CancelToken& cancel = {});

/// In per cent success, ES, PS, NS, exact, `paraphrase exact`, portability and locality, as far as the fact has them;
/// evaluations, seconds, `integer MAC` and `float MAC`, tokens, `length` (‖δ‖/‖v₀‖), `probability before`.
[[nodiscard]] std::vector<Measure> measures_of(const MeasuredEdit& edit);

}  // namespace mobiedit
