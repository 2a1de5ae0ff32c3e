// The workspace that a verb's options name: its model and its store.
#pragma once

#include "app/common/model_options.h"
#include "app/mobiedit/store_options.h"
#include "mobiedit/workspace/workspace.h"

namespace mobiedit::cli {

/// How a verb uses the store.
enum class StoreUse {
  none,
  read,           ///< the user's own store may be missing; one that was named may not
  read_if_there,  ///< any store may be missing
  change,         ///< made, with the folders of the user's own, if it is not there
};

/// `program` is named to other programs that find the store locked: "mobiedit edit".
[[nodiscard]] Result<Workspace> open_workspace(const RunOptions& run, const StoreOptions& store, StoreUse use,
                                               const char* program);

/// With one layer's weights, the least that can be loaded: for verbs that ask the model nothing.
[[nodiscard]] Result<Workspace> open_workspace_without_weights(const RunOptions& run, const StoreOptions& store,
                                                               const char* program);

}  // namespace mobiedit::cli
