// What trials say together: a table, a JSON document, a page with plots.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "app/lab/experiment/results_file.h"
#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

/// A column of the table: a measure, what it is called, and how it is written.
struct Column {
  std::string measure;
  std::string title;
  int decimals = 1;
  double scale = 1;
  bool median = false;  ///< rather than the mean
};

/// A plot: bars of all settings, or for settings with an x curves, a plot for each panel.
struct Figure {
  std::string measure;
  std::string title;
  std::string across;  ///< name of x; empty: bars
  bool log_x = false;
  bool log_y = false;
};

struct Presentation {
  std::vector<Column> columns;
  std::vector<Figure> figures;
  std::vector<std::string> notes;  ///< what a reader has to know of a figure
  /// What the results say, in sentences; may be empty.
  std::function<std::vector<std::string>(std::span<const SettingSummary>)> findings = {};
};

/// Where a report goes besides stdout.
struct ReportOptions {
  bool json = false;
  std::string html;
  std::string plots;  ///< a folder
};

void add_report_options(CLI::App& verb, ReportOptions& options);

/// Prints and writes. Errors: io.
[[nodiscard]] Status report_results(const Results& results, const Presentation& presentation,
                                    const ReportOptions& options);

}  // namespace mobiedit::cli
