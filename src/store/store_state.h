// What a Store holds, and how a row becomes an edit.
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
  std::optional<io::FileLock> lock;  ///< held where the store may be changed
  Database database;

  /// For a store that may be changed. Errors: usage.
  [[nodiscard]] Status writable() const;
  /// `id` 0: the next that is free.
  [[nodiscard]] Result<std::int64_t> insert(const StoredEdit& edit, std::int64_t id) const;
  /// All columns that row() reads; `condition` goes behind WHERE.
  [[nodiscard]] Result<Statement> select(const std::string& condition) const;
  /// The row at hand. Errors: bad_model, naming the edit.
  [[nodiscard]] Result<StoredEdit> row(const Statement& statement) const;
};

/// True for those of the rows of `edits` that are in force.
inline constexpr const char* in_force_condition =
    "e.enabled = 1 AND NOT EXISTS (SELECT 1 FROM edits n WHERE n.base = e.base AND n.fact = e.fact AND n.enabled = 1 "
    "AND n.id > e.id)";

}  // namespace mobiedit
