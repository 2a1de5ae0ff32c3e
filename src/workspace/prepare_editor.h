// An editor with its key statistics, ready for edits.
#pragma once

#include "mobiedit/workspace/make_editor.h"
#include "mobiedit/workspace/statistics_text.h"

namespace mobiedit {

struct PreparedEditor {
  Editor editor;
  bool statistics = false;  ///< whether there are any
};

/// Statistics are kept in the folder of `place`. Errors: as make_editor and use_statistics.
[[nodiscard]] Result<PreparedEditor> prepare_editor(const Model& model, EditOptions options, const EditorPlace& place,
                                                    const StatisticsSource& source, const Job& job = {});

}  // namespace mobiedit
