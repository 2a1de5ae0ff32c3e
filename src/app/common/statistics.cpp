#include "app/common/statistics.h"

#include "app/common/cache_folder.h"
#include "app/common/console_observer.h"
#include "base/try.h"

namespace mobiedit::cli {

Status remember_statistics(Editor& editor, const Model& model, const std::string& text_path,
                           const CancelToken& cancel) {
  MOBIEDIT_TRY(const auto folder, cache_folder());
  ConsoleObserver observer("", false);
  auto kept = mobiedit::remember_statistics(editor, model, text_path, folder.string(), {&observer, cancel});
  if (!kept && folder.empty()) kept.error().hint = "set MOBIEDIT_CACHE";
  return kept;
}

Result<bool> use_statistics(Editor& editor, const Model& model, const StatisticsOptions& options,
                            const CancelToken& cancel) {
  const auto folder = cache_folder();
  ConsoleObserver observer("", false);
  const auto used =
      mobiedit::use_statistics(editor, model, options.source(), folder ? folder->string() : "", {&observer, cancel});
  if (!used) return std::unexpected(used.error());
  return !used->name.empty();
}

}  // namespace mobiedit::cli
