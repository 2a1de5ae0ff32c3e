// Option for the store of edits, and the workspace of a model and a store.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/common/model_options.h"
#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"
#include "mobiedit/workspace/workspace.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct StoreOptions {
  std::string path;  ///< empty: the user's own
};

/// How a verb uses the store.
enum class StoreUse {
  none,
  read,           ///< the user's own store may be missing; one that was named may not
  read_if_there,  ///< any store may be missing
  change,         ///< made, with the folders of the user's own, if it is not there
};

/// --store
void add_store_option(CLI::App& verb, StoreOptions& options);

/// The named file, else edits.db in the XDG data folder. Errors: usage (no such folder).
[[nodiscard]] Result<std::filesystem::path> store_path(const StoreOptions& options);

/// As store_path, and makes the folders of the user's own store. Errors: also io.
[[nodiscard]] Result<std::filesystem::path> store_path_to_change(const StoreOptions& options);

/// Opens the store for changes, and makes it with its folders if it is not there. Others see `program` as its holder:
/// "mobiedit edit".
[[nodiscard]] Result<Store> open_store_to_write(const StoreOptions& options, const char* program);
/// Opens the store to read it, or to read it if it is there. Returns nothing if it is missing and may be.
[[nodiscard]] Result<std::optional<Store>> open_store_to_read(const StoreOptions& options,
                                                              StoreUse use = StoreUse::read);

/// `program` is named to other programs that find the store locked: "mobiedit edit".
[[nodiscard]] Result<Workspace> open_workspace(const RunOptions& run, const StoreOptions& store, StoreUse use,
                                               const char* program);

/// With one layer's weights, the least that can be loaded: for verbs that ask the model nothing.
[[nodiscard]] Result<Workspace> open_workspace_without_weights(const RunOptions& run, const StoreOptions& store,
                                                               const char* program);

}  // namespace mobiedit::cli
