#include "app/common/open_editor.h"

#include <utility>

#include "app/common/console_observer.h"
#include "base/try.h"
#include "io/user_folders.h"

namespace mobiedit::cli {

Result<PreparedEditor> open_editor(const Model& model, EditOptions options, const SearchSettings& settings,
                                   const RunOptions& run, const CancelToken& cancel, EditorPlace place) {
  place.cache_folder = io::user_cache_folder().value_or("").string();
  ConsoleObserver observer(run.model, run.verbose);
  return prepare_editor(model, std::move(options), place, settings.statistics, {&observer, cancel});
}

Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                           const CancelToken& cancel) {
  MOBIEDIT_TRY(auto opened, open_editor(model, settings.edit_options(run.threads), settings, run, cancel,
                                        {.layers = [&](int layer) { return settings.blocks_up_to(layer); }}));
  MOBIEDIT_CHECK(settings.check_statistics(opened.statistics));
  return std::move(opened.editor);
}

}  // namespace mobiedit::cli
