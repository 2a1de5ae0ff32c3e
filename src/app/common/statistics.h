// The text from which an edit's key statistics come, and where they are kept.
#pragma once

#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"

namespace mobiedit::cli {

struct StatisticsOptions {
  std::string text;   ///< a file; empty: the one last given to `mobiedit stats` for this model, or covariance-text.txt
                      ///< beside the model, if there is one
  bool none = false;  ///< neither
};

/// Makes the statistics of the editor's block from the text, or finds them kept, and remembers the text for this model.
[[nodiscard]] Status remember_statistics(Editor& editor, const Model& model, const std::string& text_path,
                                         const CancelToken& cancel);

/// Gives the editor its statistics as the options say; true if there were any.
[[nodiscard]] Result<bool> use_statistics(Editor& editor, const Model& model, const StatisticsOptions& options,
                                          const CancelToken& cancel);

}  // namespace mobiedit::cli
