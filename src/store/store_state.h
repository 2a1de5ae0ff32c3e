// The state behind a Store, and the reading of its rows.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "io/file_lock.h"
#include "mobiedit/store/store.h"
#include "store/database.h"
#include "store/neuron_rows.h"

namespace mobiedit {

struct Store::State {
  std::filesystem::path path;
  std::optional<io::FileLock> lock;  ///< held while the store may be changed
  Database database;

  /// Errors: usage (opened to be read only).
  [[nodiscard]] Status writable() const;
  /// `id` 0: takes the next free id.
  [[nodiscard]] Result<std::int64_t> insert(const Edit& edit, std::int64_t id) const;
  /// All columns that row() reads; `condition` goes behind WHERE.
  [[nodiscard]] Result<Statement> select(const std::string& condition) const;
  /// The row at hand. Errors: bad_model, naming the edit.
  [[nodiscard]] Result<Edit> row(const Statement& statement, NeuronRows& neurons) const;
  /// Checks that the last statement changed a row. Errors: usage (there is no edit `id`).
  [[nodiscard]] Status changed_one(std::int64_t id) const;
  /// Adds neurons that were found anew. Errors: usage (no such edit with a neuron).
  [[nodiscard]] Status add_found(std::span<const FoundAgain> found) const;
};

/// SQL: true for the rows of `edits e` that are in force.
inline constexpr const char* in_force_condition =
    "e.enabled = 1 AND NOT EXISTS (SELECT 1 FROM edits n WHERE n.base = e.base AND n.fact = e.fact AND n.enabled = 1 "
    "AND n.id > e.id)";

}  // namespace mobiedit
