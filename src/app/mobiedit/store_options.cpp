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

Result<std::optional<Store>> open_store_to_read(const StoreOptions& options) {
  MOBIEDIT_TRY(const auto path, store_path(options));
  std::error_code ignored;
  if (options.path.empty() && !std::filesystem::exists(path, ignored)) return std::nullopt;
  MOBIEDIT_TRY(auto store, Store::open(path, Store::Access::read));
  return std::optional<Store>(std::move(store));
}

}  // namespace mobiedit::cli
