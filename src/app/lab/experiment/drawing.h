// Plots as SVG that needs nothing else: no style sheet, no script, no font of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/lab/experiment/report.h"
#include "mobiedit/eval/trial.h"

namespace mobiedit::cli {

struct Drawing {
  std::string name;  ///< fit for a file: letters, digits and -
  std::string svg;
};

[[nodiscard]] std::vector<Drawing> draw(const Figure& figure, std::span<const SettingSummary> settings);

/// For HTML and SVG.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace mobiedit::cli
