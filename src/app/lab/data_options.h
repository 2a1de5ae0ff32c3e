// Options of the verbs that measure on a data set.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/common/progress.h"
#include "lab/study/each_fact.h"
#include "lab/study/facts.h"
#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

/// --limit, --strict, --known.
void add_data_options(CLI::App& verb, FactSelection& options);

/// As read_selected; names malformed records on stderr.
[[nodiscard]] Result<Facts> read_data(const std::vector<std::string>& paths, const FactSelection& selection);

/// Shows the search of each fact on the line. Borrows both arguments.
[[nodiscard]] ExperimentObserver observer_on(ProgressLine& line, std::span<const FactRecord> facts);

}  // namespace mobiedit::cli
