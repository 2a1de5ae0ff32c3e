#include "workspace/prepare_editor.h"

#include <utility>

#include "base/try.h"

namespace mobiedit {

Result<PreparedEditor> prepare_editor(const Model& model, EditOptions options, const EditorPlace& place,
                                      const StatisticsSource& source, const Job& job) {
  MOBIEDIT_TRY(auto made, make_editor(model, std::move(options), place, job));
  MOBIEDIT_TRY(const auto used, use_statistics(made.editor, model, source, place.cache_folder, job));
  return PreparedEditor{std::move(made.editor), !used.name.empty()};
}

}  // namespace mobiedit
