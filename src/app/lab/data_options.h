// Options of the verbs that measure on a data set.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "app/common/progress.h"
#include "lab/study/each_fact.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct DataOptions {
  std::size_t limit = 0;
  bool strict = false;
  bool known = false;    ///< leave out what the model does not know
  bool fluency = false;  ///< keep the prompts to go on from at length: slow to measure
};

/// --limit, --strict, --known.
void add_data_options(CLI::App& verb, DataOptions& options);

struct Facts {
  std::vector<FactRecord> records;
  std::size_t skipped = 0;  ///< malformed
  std::size_t unknown = 0;  ///< left out by leave_out_unknown
};

/// The records of all files, one after another. Those that are malformed are named on stderr and passed over, unless
/// the options are strict. Errors: as read_facts.
[[nodiscard]] Result<Facts> read_data(const std::vector<std::string>& paths, const DataOptions& options);

/// If the options ask for it: only records whose true answer greedy generation gives stay, and of cases with several
/// edits only those where it gives all. Errors: usage, naming `data`, if none stay; as known_facts.
[[nodiscard]] Status leave_out_unknown(Facts& facts, const DataOptions& options, const std::string& data,
                                       const Model& model, const SessionOptions& session,
                                       const CancelToken& cancel = {});

/// For people; empty without --known.
[[nodiscard]] std::string unknown_line(const Facts& facts, const DataOptions& options);

/// Shows each fact's search on the line; borrows both.
[[nodiscard]] ExperimentObserver observer_on(ProgressLine& line, std::span<const FactRecord> facts);

}  // namespace mobiedit::cli
