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
  bool known = false;    ///< leaves out facts that the model does not know
  bool fluency = false;  ///< keeps the generation prompts, which are slow to measure
};

/// --limit, --strict, --known.
void add_data_options(CLI::App& verb, DataOptions& options);

struct Facts {
  std::vector<FactRecord> records;
  std::size_t skipped = 0;  ///< number of malformed records
  std::size_t unknown = 0;  ///< number of records that leave_out_unknown removed
};

/// Reads the records of all files, in order. Names malformed ones on stderr and skips them, unless the options are
/// strict. Errors: as read_facts.
[[nodiscard]] Result<Facts> read_data(const std::vector<std::string>& paths, const DataOptions& options);

/// If the options ask for it, removes records whose true answer greedy generation does not give. A case of several
/// edits stays if it gives all their answers. Errors: usage, naming `data`, if none stay; as known_facts.
[[nodiscard]] Status leave_out_unknown(Facts& facts, const DataOptions& options, const std::string& data,
                                       const Model& model, const SessionOptions& session,
                                       const CancelToken& cancel = {});

/// A line for people; empty without --known.
[[nodiscard]] std::string unknown_line(const Facts& facts, const DataOptions& options);

/// Shows the search of each fact on the line. Borrows both arguments.
[[nodiscard]] ExperimentObserver observer_on(ProgressLine& line, std::span<const FactRecord> facts);

}  // namespace mobiedit::cli
