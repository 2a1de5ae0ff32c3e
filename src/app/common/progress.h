// Progress of a search: a bar on a terminal, a line every five seconds elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "mobiedit/edit/editor.h"

namespace mobiedit::cli {

class ProgressLine {
 public:
  ProgressLine();
  /// Clears the bar, so that later output starts on an empty line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `label` names the edit: "Achille Varzi", or "3/10 Achille Varzi".
  void show(const std::string& label, const EditProgress& progress);
  /// Shows a line without figures of a search.
  void note(const std::string& text);
  void clear();

 private:
  [[nodiscard]] bool due();
  void draw(const std::string& text);

  bool bar_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace mobiedit::cli
