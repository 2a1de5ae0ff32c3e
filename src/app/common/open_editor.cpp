#include "app/common/open_editor.h"

#include <utility>

#include "app/common/cache_folder.h"
#include "app/common/console_observer.h"
#include "base/try.h"
#include "mobiedit/workspace/make_editor.h"

namespace mobiedit::cli {
namespace {

Result<Editor> open(const Model& model, EditOptions options, EditorPlace place, const RunOptions& run,
                    const CancelToken& cancel) {
  if (const auto folder = cache_folder()) place.cache_folder = folder->string();
  ConsoleObserver observer(run.model, run.verbose);
  MOBIEDIT_TRY(auto made, make_editor(model, std::move(options), place, {&observer, cancel}));
  return std::move(made.editor);
}

}  // namespace

Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                           const CancelToken& cancel) {
  return open(model, settings.edit_options(run.threads),
              {.layers = [&](int layer) { return settings.blocks_up_to(layer); }}, run, cancel);
}

Result<Editor> open_editor(const Model& model, EditOptions options, const RunOptions& run, const CancelToken& cancel) {
  return open(model, std::move(options), {}, run, cancel);
}

}  // namespace mobiedit::cli
