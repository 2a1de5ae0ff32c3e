// Edits made one after another in one model, and what holds of all of them after so many.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lab/study/each_fact.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct SequenceOptions {
  std::vector<std::size_t> points;  ///< after how many edits to measure; the last edit is always one
  std::string running_text;         ///< for the perplexity; empty: it is not measured
  bool preserve = true;             ///< earlier edits are preserved (Editor::preserve); false: they are adapters only
  int blocks = 1;  ///< each edit is spread over this many layers (Editor::mass_edit); at most EditOptions::layers
};

/// With the first `edits` facts' updates in force, and no others.
struct SequencePoint {
  std::size_t edits = 0;
  Summary summary;         ///< of these facts, as they are now; evaluations and seconds are their searches'
  double perplexity = 0;   ///< a token of the running text; 0: not measured
  double update_norm = 0;  ///< ‖ΔW‖, Frobenius
};

struct Sequence {
  double perplexity_before = 0;
  std::vector<SequencePoint> points;
  std::vector<FactOutcome> outcomes;  ///< at the last point
};

/// Each fact is edited in the model as the edits before it left it. Errors: usage, naming the record, before the first
/// search if the editor would refuse any; cancelled; out_of_memory. The editor's adapters are replaced.
[[nodiscard]] Result<Sequence> run_sequence(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                            const SequenceOptions& options, const SessionOptions& session_options,
                                            const ExperimentObserver& observer = {}, const CancelToken& cancel = {});

}  // namespace mobiedit
