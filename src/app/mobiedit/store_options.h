// Which store of edits a verb uses.
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

/// What was named, else edits.db in the XDG data folder. Errors: usage (there is no such folder to be had).
[[nodiscard]] Result<std::filesystem::path> store_path(const StoreOptions& options);

/// The same path, with the folders of the user's own store made. Errors: also io.
[[nodiscard]] Result<std::filesystem::path> store_path_to_change(const StoreOptions& options);

/// To be changed; made, with its folders, if it is not there. `program` is what others are told: "mobiedit edit".
[[nodiscard]] Result<Store> open_store_to_write(const StoreOptions& options, const char* program);
/// To be read; none where none was named and the user has none yet.
[[nodiscard]] Result<std::optional<Store>> open_store_to_read(const StoreOptions& options);

}  // namespace mobiedit::cli
