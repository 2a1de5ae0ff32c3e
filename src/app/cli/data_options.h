// What the verbs that measure on a data set have in common.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct DataOptions {
  std::size_t limit = 0;
  bool strict = false;
};

/// --limit, --strict.
void add_data_options(CLI::App& verb, DataOptions& options);

struct Facts {
  std::vector<FactRecord> records;
  std::size_t skipped = 0;
};

/// The records of all files, one after another. Those that are malformed are named on stderr and passed over, unless
/// the options are strict. Errors: as read_facts.
[[nodiscard]] Result<Facts> read_data(const std::vector<std::string>& paths, const DataOptions& options);

}  // namespace mobiedit::cli
