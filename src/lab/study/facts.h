// Facts of a study: the records of data files that are wanted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct FactSelection {
  std::size_t limit = 0;  ///< the first records only; 0: all
  bool strict = false;    ///< refuses a file with a malformed record, instead of skipping the record
  bool known = false;     ///< leaves out facts that the model does not know
  bool fluency = false;   ///< keeps the generation prompts, which are slow to measure
};

struct Facts {
  std::vector<FactRecord> records;
  std::size_t skipped = 0;  ///< number of malformed records
  std::size_t unknown = 0;  ///< number of records that leave_out_unknown removed
};

/// Reads the records of all files, in order. Gives `warn` the names of malformed ones, and skips them, unless the
/// selection is strict. Errors: as read_facts.
[[nodiscard]] Result<Facts> read_selected(const std::vector<std::string>& paths, const FactSelection& selection,
                                          const std::function<void(std::string_view)>& warn);

/// If the selection asks for it, removes records whose true answer greedy generation does not give. A case of several
/// edits stays if it gives all their answers. Errors: usage, naming `data`, if none stay; as known_facts.
[[nodiscard]] Status leave_out_unknown(Facts& facts, const FactSelection& selection, const std::string& data,
                                       const Model& model, const SessionOptions& session,
                                       const CancelToken& cancel = {});

/// A line for people on the facts left out; empty unless the selection asks for it.
[[nodiscard]] std::string unknown_line(const Facts& facts, const FactSelection& selection);

}  // namespace mobiedit
