// Option for the store of edits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct StoreOptions {
  std::string path;  ///< empty: the user's own
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
/// Opens the store for reading; none if no store was named and the user has none yet.
[[nodiscard]] Result<std::optional<Store>> open_store_to_read(const StoreOptions& options);

}  // namespace mobiedit::cli
