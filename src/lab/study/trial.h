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
  std::optional<double>
      half_interval;  ///< half of the 95 % confidence interval of the mean; none for fewer than two trials
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

/// Settings and measures keep the order of their first appearance. Leaves out values that are not finite. Adds S, the
/// harmonic mean, where there are ES, PS and NS.
[[nodiscard]] std::vector<SettingSummary> summarise(std::span<const Trial> trials);

/// An edit and its measurement.
struct MeasuredEdit {
  Edit edit;
  FactOutcome outcome;
};

/// Edits a fact, with the adapters of the editor in force, and measures it in the session with that edit alone in
/// force. Errors: as Editor::edit and measure_fact, naming the record.
[[nodiscard]] Result<MeasuredEdit> edit_and_measure(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                                    const FactRecord& fact, const EditProgressFn& progress = {},
                                                    const CancelToken& cancel = {});

/// In per cent, as far as the fact has them: success, ES, PS, NS, exact, `paraphrase exact`, portability, locality.
/// Besides: evaluations, seconds, `integer MAC`, `float MAC`, tokens, `length` (‖δ‖/‖v₀‖), `probability before`.
[[nodiscard]] std::vector<Measure> measures_of(const MeasuredEdit& edit);

}  // namespace mobiedit
