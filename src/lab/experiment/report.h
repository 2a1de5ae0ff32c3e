// Report of an experiment: a table for people and a JSON document.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "lab/experiment/results_file.h"
#include "lab/study/report.h"

namespace mobiedit {

/// A column of the table: a measure, its title and its format.
struct Column {
  std::string measure;
  std::string title;
  int decimals = 1;
  double scale = 1;
  bool median = false;  ///< shows the median instead of the mean
};

/// A plot that tools/plot draws: bars of all settings; for settings with an x, curves, one plot per panel.
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
  std::vector<std::string> notes;  ///< explain the figures to a reader
  /// States the results in sentences; may be empty.
  std::function<std::vector<std::string>(std::span<const SettingSummary>)> findings = {};
};

[[nodiscard]] Report report_of(const Results& results, Presentation presentation);

}  // namespace mobiedit
