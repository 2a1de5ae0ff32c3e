// The state behind a Workspace.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "mobiedit/workspace/workspace.h"

namespace mobiedit {

struct Workspace::State {
  Engine engine;
  std::shared_ptr<const Model> model;
  WorkspaceOptions options;
  std::mutex changing;             ///< held by the job that changes edits
  mutable std::mutex reading;      ///< guards `unsaved`
  std::vector<Edit> unsaved = {};  ///< the edits in force where there is no store

  [[nodiscard]] bool has_store() const { return !options.store.empty(); }
  /// Errors: as Workspace::undo.
  [[nodiscard]] Result<StoreChange> change(std::span<const std::int64_t> ids, EditChange change, const Job& job);
  /// Waits for other jobs of this workspace. Errors: cancelled.
  [[nodiscard]] Result<std::unique_lock<std::mutex>> wait_for_turn(const Job& job);
  /// Returns nothing where the store is missing and may be. Errors: as Store::open.
  [[nodiscard]] Result<std::optional<Store>> open_to_read() const;
  /// Errors: usage (there is no store), and as Store::open.
  [[nodiscard]] Result<Store> open_to_change() const;
};

}  // namespace mobiedit
