// What a bench verb measured, drawn: --out and --plots.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/common/output_file.h"
#include "app/lab/experiment/page.h"
#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct PageOptions {
  std::string out;    ///< HTML
  std::string plots;  ///< a folder
};

void add_page_options(CLI::App& verb, PageOptions& options);

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Plot {
  std::string name;  ///< fit for a file's name
  std::string title;
  std::string across;
  bool log_x = false;
  bool log_y = false;
  std::vector<Curve> curves;
};

/// No drawing for a plot without points. A curve without points is left out.
[[nodiscard]] std::vector<Drawing> draw(const std::vector<Plot>& plots);

/// Where a page goes, tried before the work that it shows.
class PageFile {
 public:
  /// Errors: usage (the page would be written over `model`), io, locked.
  [[nodiscard]] static Result<PageFile> reserve(const PageOptions& options, const std::vector<std::string>& models);
  /// The page, and each plot as PREFIX-NAME.svg, as far as they were asked for. Errors: io.
  [[nodiscard]] Status write(const Page& page, const std::string& prefix);

 private:
  std::optional<OutputFile> page_;
  std::string plots_;
};

}  // namespace mobiedit::cli
