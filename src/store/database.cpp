#include "store/database.h"

#include <utility>

#include "base/try.h"
#include "mobiedit/store/errors.h"

namespace mobiedit {
namespace {

// A reader that meets a writer's commit waits this long; a commit takes milliseconds.
constexpr int patience_ms = 10'000;
// The longest value of a store is a vector of some ten thousand floats.
constexpr int longest_value = 64 << 20;

std::unexpected<Error> failure(int code, const std::string& where, const char* detail) {
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      return fail(ErrorCode::out_of_memory, "not enough memory for the store", where);
    case SQLITE_FULL:
      return fail(store_errors::disk_full, "the disk is full", where, "make room, or keep the store on another disk");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(store_errors::busy, "is being written by another process", where, "wait until it is done");
    case SQLITE_NOTADB:
      return fail(store_errors::not_a_store, "is not a store of edits", where);
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return fail(store_errors::damaged, std::string("the store is damaged: ") + detail, where,
                  "`mobiedit store check` tells more; a dump can be loaded into a new store");
    case SQLITE_READONLY:
      return fail(ErrorCode::io, "cannot be written to: it, or its folder, is read-only", where);
    default:
      return fail(ErrorCode::io, std::string("the store cannot be used: ") + detail, where);
  }
}

}  // namespace

void Statement::note(int code) {
  if (bound_ == SQLITE_OK) bound_ = code;
}

void Statement::bind(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), index + 1, value));
}

void Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  note(sqlite3_bind_text64(statement_.get(), index + 1, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int index, std::span<const std::byte> bytes) {
  note(sqlite3_bind_blob64(statement_.get(), index + 1, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}

Result<bool> Statement::step() {
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  if (bound_ != SQLITE_OK) return failure(bound_, where_, sqlite3_errstr(bound_));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(code, where_, sqlite3_errmsg(connection));
}

Status Statement::run() {
  while (true) {
    MOBIEDIT_TRY(const auto row, step());
    if (!row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = SQLITE_OK;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_.get(), column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::byte> Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const std::byte*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::filesystem::path& path, bool create) {
  sqlite3* opened = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database database(opened, path.string());  // owns the handle even if opening failed half way
  if (code != SQLITE_OK) {
    if (opened == nullptr) return fail(ErrorCode::out_of_memory, "not enough memory for the store", path.string());
    return failure(code, path.string(), sqlite3_errmsg(opened));
  }
  sqlite3_busy_timeout(opened, patience_ms);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, longest_value);
  // A store may come from anyone, so code in its schema (views, triggers) must not run.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // EXTRA also syncs the folder after the journal is removed. Removed data is overwritten.
  if (auto set = database.execute("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                                  "PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON;");
      !set) {
    return std::unexpected(set.error());
  }
  return database;
}

Status Database::execute(const char* sql) const {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return failure(code, where_, sqlite3_errmsg(connection_.get()));
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failure(code, where_, sqlite3_errmsg(connection_.get()));
  return Statement(statement, where_);
}

Result<std::int64_t> Database::number(std::string_view sql) const {
  MOBIEDIT_TRY(auto statement, prepare(sql));
  MOBIEDIT_TRY(const auto row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<Transaction> Transaction::begin(const Database& database) {
  MOBIEDIT_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // After a fatal failure SQLite has rolled back already.
  if (database_ == nullptr || !database_->in_transaction()) return;
  // A rollback that fails needs no handling: the next process to open the file rolls it back.
  if (const auto ignored = database_->execute("ROLLBACK"); !ignored) return;
}

Status Transaction::commit() {
  if (auto done = database_->execute("COMMIT"); !done) return done;
  database_ = nullptr;
  return {};
}

}  // namespace mobiedit
