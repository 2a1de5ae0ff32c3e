// The text of an edit's key statistics, as the options name it.
#pragma once

#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"
#include "mobiedit/workspace/statistics_text.h"

namespace mobiedit::cli {

struct StatisticsOptions {
  std::string text;   ///< a file; empty: the text of the model (StatisticsSource::text)
  bool none = false;  ///< no statistics

  [[nodiscard]] StatisticsSource source() const { return {text, none}; }
};

/// Makes the statistics of the editor's layers from the text, and remembers the text for this model.
[[nodiscard]] Status remember_statistics(Editor& editor, const Model& model, const std::string& text_path,
                                         const CancelToken& cancel);

/// Gives the editor its statistics as the options say; true if there are any.
[[nodiscard]] Result<bool> use_statistics(Editor& editor, const Model& model, const StatisticsOptions& options,
                                          const CancelToken& cancel);

}  // namespace mobiedit::cli
