// Sequential editing: edits made one after another in one model, measured all together on the way.
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
  std::vector<std::size_t> points;  ///< numbers of edits after which to measure; the end is one always
  std::string running_text;         ///< text whose perplexity is measured; empty: none
  bool preserve = true;             ///< earlier edits are preserved (Editor::preserve); false: they are adapters only
  int blocks = 1;  ///< each edit is spread over this many layers (Editor::mass_edit); at most EditOptions::layers
};

/// Figures with the first `edits` edits in force, and no others.
struct SequencePoint {
  std::size_t edits = 0;
  Summary summary;         ///< summary of these facts at this point; evaluations and seconds are those of the searches
  double perplexity = 0;   ///< perplexity of the running text; 0: not measured
  double update_norm = 0;  ///< ‖ΔW‖, Frobenius
};

struct Sequence {
  double perplexity_before = 0;
  std::vector<SequencePoint> points;
  std::vector<FactOutcome> outcomes;  ///< outcomes at the last point
};

/// Edits each fact in the model that the edits before it left, and replaces the adapters of the editor. Errors: usage,
/// naming the record, before the first search if the editor would refuse any; cancelled; out_of_memory.
[[nodiscard]] Result<Sequence> run_sequence(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                                            const SequenceOptions& options, const SessionOptions& session_options,
                                            const ExperimentObserver& observer = {}, const CancelToken& cancel = {});

}  // namespace mobiedit
