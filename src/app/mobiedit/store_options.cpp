#include "app/mobiedit/store_options.h"

#include <CLI/CLI.hpp>
#include <system_error>
#include <utility>

namespace mobiedit::cli {

void add_store_option(CLI::App& verb, StoreOptions& options) {
  verb.add_option("--store", options.path, "Where edits are kept (default: mobiedit/edits.db in the XDG data folder)")
      ->envname("MOBIEDIT_STORE");
}

Result<std::filesystem::path> store_path(const StoreOptions& options) {
  if (!options.path.empty()) return options.path;
  const std::filesystem::path folder = io::user_data_folder();
  if (folder.empty()) return fail(ErrorCode::usage, "there is no folder to keep edits in", "", "give --store");
  return folder / "edits.db";
}

Result<std::filesystem::path> store_path_to_change(const StoreOptions& options) {
  auto path = store_path(options);
  if (!path || !options.path.empty()) return path;
  std::error_code error;
  std::filesystem::create_directories(path->parent_path(), error);
  if (error)
    return fail(ErrorCode::io, "the folder cannot be made: " + error.message(), path->parent_path().string(),
                "give --store to keep edits elsewhere, or --no-store");
  return path;
}

Result<Store> open_store_to_write(const StoreOptions& options, const char* program) {
  MOBIEDIT_TRY(const auto path, store_path_to_change(options));
  return Store::open(path, Store::Access::write, program);
}

Result<std::optional<Store>> open_store_to_read(const StoreOptions& options, StoreUse use) {
  const bool if_there = use == StoreUse::read_if_there;
  const auto path = store_path(options);
  if (!path && !if_there) return std::unexpected(path.error());
  std::error_code ignored;
  if (!path || ((if_there || options.path.empty()) && !std::filesystem::exists(*path, ignored))) return std::nullopt;
  MOBIEDIT_TRY(auto store, Store::open(*path, Store::Access::read));
  return std::optional<Store>(std::move(store));
}

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
