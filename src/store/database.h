// SQLite wrapper for the store: errors as values, handles that close themselves.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// A prepared statement, reusable after reset(). Copies the texts and blobs that are bound. Texts and blobs of columns
/// are borrowed until the next step().
class Statement {
 public:
  // Columns and parameters count from 0. A binding that fails is reported by the next step().
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void bind(int index, std::span<const std::byte> bytes);

  /// Moves to the next row; false after the last. Errors: as Database.
  [[nodiscard]] Result<bool> step();
  /// Runs a statement that gives no rows to its end.
  [[nodiscard]] Status run();
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::span<const std::byte> blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(sqlite3_stmt* statement, std::string where) : statement_(statement), where_(std::move(where)) {}
  void note(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string where_;
  int bound_ = SQLITE_OK;
};

/// One connection. Errors everywhere: io (the system refused, the disk is full), locked (another process is writing),
/// bad_model (damaged, or no database), out_of_memory.
class Database {
 public:
  /// Opens an existing file, or with `create` a new one. Trusts the data of the file only, not its schema.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& path, bool create);

  [[nodiscard]] Status execute(const char* sql) const;
  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  /// The single number that a query gives.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql) const;
  [[nodiscard]] std::int64_t last_id() const { return sqlite3_last_insert_rowid(connection_.get()); }
  [[nodiscard]] int changes() const { return sqlite3_changes(connection_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  Database(sqlite3* connection, std::string where) : connection_(connection), where_(std::move(where)) {}

  std::unique_ptr<sqlite3, Close> connection_;
  std::string where_;
};

/// A transaction; destroying it rolls back unless it was committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  [[nodiscard]] Status commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace mobiedit
