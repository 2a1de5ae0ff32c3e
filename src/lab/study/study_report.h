// Reports of edits measured on a data set: each edit alone, or all of a sequence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/study/facts.h"
#include "lab/study/report.h"
#include "lab/study/sequence.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/metrics.h"

namespace mobiedit {

/// Subject of a report: model, data and edits.
struct StudySubject {
  std::string model;              ///< file, as the user named it
  std::vector<std::string> data;  ///< files, as the user named them
  std::string method;
  int layer = 0;   ///< the edited one
  int layers = 1;  ///< layers that share each change, the edited one included
  FactSelection selection;
};

/// Report of run_experiment or run_mass_edit, which gave `outcomes`; `data` is one file.
[[nodiscard]] Report eval_report(const StudySubject& subject, const Facts& facts,
                                 std::span<const FactOutcome> outcomes);

/// Report of run_sequence.
[[nodiscard]] Report sequence_report(const StudySubject& subject, const Facts& facts, const SequenceOptions& options,
                                     const EditOptions& search, const Sequence& sequence);

}  // namespace mobiedit
