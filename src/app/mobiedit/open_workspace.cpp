#include "app/mobiedit/open_workspace.h"

#include <utility>

#include "base/try.h"
#include "io/user_folders.h"

namespace mobiedit::cli {

namespace {

Result<WorkspaceOptions> options_of(const RunOptions& run, const StoreOptions& store, StoreUse use,
                                    const char* program) {
  WorkspaceOptions options;
  options.program = program;
  options.session = run.session();
  options.cache_folder = io::user_cache_folder().value_or("").string();
  if (use == StoreUse::none) return options;
  MOBIEDIT_TRY(auto path, use == StoreUse::change ? store_path_to_change(store) : store_path(store));
  options.store = std::move(path);
  options.store_may_be_missing = use != StoreUse::read || store.path.empty();
  return options;
}

}  // namespace

Result<Workspace> open_workspace(const RunOptions& run, const StoreOptions& store, StoreUse use, const char* program) {
  MOBIEDIT_TRY(auto options, options_of(run, store, use, program));
  const Engine engine(run.threads);
  MOBIEDIT_TRY(auto model, engine.open(run.model));
  tell_of_model(*model, run);
  return Workspace(engine, std::move(model), std::move(options));
}

Result<Workspace> open_workspace_without_weights(const RunOptions& run, const StoreOptions& store,
                                                 const char* program) {
  MOBIEDIT_TRY(auto options, options_of(run, store, StoreUse::read, program));
  const Engine engine(run.threads);
  ModelOptions part;
  part.layers = 1;
  part.pool = engine.pool();
  MOBIEDIT_TRY(auto model, Model::open(run.model, part));
  return Workspace(engine, std::make_shared<const Model>(std::move(model)), std::move(options));
}

}  // namespace mobiedit::cli
