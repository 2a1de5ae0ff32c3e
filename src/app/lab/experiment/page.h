// A page that needs nothing else: text, one table, plots as SVG inside.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/lab/experiment/drawing.h"
#include "mobiedit/base/result.h"

namespace mobiedit::cli {

struct Page {
  std::string title;
  std::vector<std::string> about;              ///< a line each
  std::vector<std::vector<std::string>> rows;  ///< of the table; the first is its head
  std::vector<std::string> notes;              ///< a paragraph each
  std::vector<Drawing> drawings;
};

[[nodiscard]] std::string html_of(const Page& page);

/// Whole or not at all. Errors: io.
[[nodiscard]] Status write_text(const std::filesystem::path& path, const std::string& text);
/// Each as `folder`/`prefix`-NAME.svg; the folder is made. Errors: io.
[[nodiscard]] Status write_drawings(const std::filesystem::path& folder, const std::string& prefix,
                                    const std::vector<Drawing>& drawings);

}  // namespace mobiedit::cli
