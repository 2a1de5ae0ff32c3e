#include "app/lab/data_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/common/console.h"

namespace mobiedit::cli {

void add_data_options(CLI::App& verb, FactSelection& options) {
  verb.add_option("--limit", options.limit, "Take the first N records only");
  verb.add_flag("--strict", options.strict,
                "Refuse a file that has a malformed record, instead of skipping the record");
  verb.add_flag("--known", options.known, "Leave out facts whose true answer the model does not give");
}

Result<Facts> read_data(const std::vector<std::string>& paths, const FactSelection& selection) {
  return read_selected(paths, selection, warn);
}

ExperimentObserver observer_on(ProgressLine& line, std::span<const FactRecord> facts) {
  ExperimentObserver observer;
  observer.searching = [&line, facts](std::size_t i, const EditProgress& p) {
    line.show(fmt::format("{}/{} {}", i + 1, facts.size(), facts[i].subject), p);
  };
  return observer;
}

}  // namespace mobiedit::cli
