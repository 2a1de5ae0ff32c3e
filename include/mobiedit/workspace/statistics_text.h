// The text behind an edit's key statistics, and the folder that keeps what was made of it.
#pragma once

#include <filesystem>
#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"
#include "mobiedit/workspace/observer.h"

namespace mobiedit {

/// Where the text comes from.
struct StatisticsSource {
  /// A file; empty: the text last given to remember_statistics for this model, else covariance-text.txt beside the
  /// model file, else the built-in text and the model's own chat turns (Editor::set_default_statistics).
  std::filesystem::path text;
  bool none = false;  ///< no statistics at all
};

/// The text that an editor's statistics were made of.
struct StatisticsUsed {
  std::string name;  ///< file name, or "built-in text"; empty: none were used
  std::string hash;  ///< fingerprint of the text, 32 hexadecimal digits
};

/// Gives the editor its statistics. They are kept in `cache_folder`, unless that is empty. Errors: io, and as
/// Editor::set_statistics.
[[nodiscard]] Result<StatisticsUsed> use_statistics(Editor& editor, const Model& model, const StatisticsSource& source,
                                                    const std::string& cache_folder, const Job& job = {});

/// Makes the statistics of the editor's layers from a text, and remembers the text for later edits of this model.
/// Errors: as use_statistics, and io where there is no cache folder.
[[nodiscard]] Status remember_statistics(Editor& editor, const Model& model, const std::filesystem::path& text,
                                         const std::string& cache_folder, const Job& job = {});

}  // namespace mobiedit
