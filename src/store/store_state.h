// State of a Store, and conversion of a row to an edit.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "io/file_lock.h"
#include "mobiedit/store/store.h"
#include "store/database.h"

namespace mobiedit {

struct Store::State {
  std::filesystem::path path;
  std::optional<io::FileLock> lock;  ///< held while the store may be changed
  Database database;

  /// Checks that the store may be changed. Errors: usage.
  [[nodiscard]] Status writable() const;
  /// `id` 0: the next free id.
  [[nodiscard]] Result<std::int64_t> insert(const StoredEdit& edit, std::int64_t id) const;
  /// A query of all columns that row() reads; `condition` follows WHERE.
  [[nodiscard]] Result<Statement> select(const std::string& condition) const;
  /// The current row as an edit. Errors: bad_model, naming the edit.
  [[nodiscard]] Result<StoredEdit> row(const Statement& statement) const;
};

/// SQL condition: the rows of `edits` that are in force.
inline constexpr const char* in_force_condition =
    "e.enabled = 1 AND NOT EXISTS (SELECT 1 FROM edits n WHERE n.base = e.base AND n.fact = e.fact AND n.enabled = 1 "
    "AND n.id > e.id)";

}  // namespace mobiedit
