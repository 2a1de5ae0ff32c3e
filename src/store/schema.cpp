#include "store/schema.h"

#include <array>
#include <cstdint>

#include "base/try.h"
#include "mobiedit/store/errors.h"

namespace mobiedit {
namespace {

constexpr std::int64_t application_id = 0x4d6f4564;  // "MoEd"

// Each statement brings a store from the version before to its own. A statement never changes once it was in a release.
constexpr std::array<const char*, 3> upgrades{
    // 1. Vectors have a table of their own, so that a list does not read them. Of two edits with one `fact` the newer
    // counts.
    R"(
CREATE TABLE edits (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  base TEXT NOT NULL,
  architecture TEXT NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  prompt TEXT NOT NULL,
  target_new TEXT NOT NULL,
  fact TEXT NOT NULL,
  paraphrases TEXT NOT NULL,
  keep TEXT NOT NULL,
  method TEXT NOT NULL,
  seed INTEGER NOT NULL,
  block INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  checksum TEXT NOT NULL
);
CREATE INDEX edits_of_fact ON edits (base, fact, enabled, id);
CREATE INDEX edits_by_checksum ON edits (checksum);
CREATE TABLE vectors (
  edit INTEGER PRIMARY KEY REFERENCES edits (id),
  left_vector BLOB NOT NULL,
  right_vector BLOB NOT NULL
);
)",
    // 2. `kind` says which table holds the update (rank-one: vectors), `origin` how the edit can be made again.
    R"(
ALTER TABLE edits ADD COLUMN kind TEXT NOT NULL DEFAULT 'rank-one';
ALTER TABLE edits ADD COLUMN origin TEXT NOT NULL DEFAULT '{}';
)",
    // 3. Updates of kind 'neuron'. Number 0 is the edit's own, which its checksum covers; the others were found later.
    R"(
CREATE TABLE neurons (
  edit INTEGER NOT NULL REFERENCES edits (id),
  number INTEGER NOT NULL,
  others TEXT NOT NULL,
  gate BLOB NOT NULL,
  up BLOB NOT NULL,
  down BLOB NOT NULL,
  checksum TEXT NOT NULL,
  PRIMARY KEY (edit, number)
);
)",
};

}  // namespace

int newest_store_version() {
  return static_cast<int>(upgrades.size());
}

Result<int> store_version(const Database& database, const std::string& where) {
  MOBIEDIT_TRY(const auto version, database.number("PRAGMA user_version"));
  MOBIEDIT_TRY(const auto application, database.number("PRAGMA application_id"));
  if (version == 0 && application == 0) {
    MOBIEDIT_TRY(const auto tables, database.number("SELECT count(*) FROM sqlite_schema"));
    if (tables == 0) return 0;
  }
  if (application != application_id || version < 1) {
    return fail(store_errors::not_a_store, "is a database, but not a store of edits", where);
  }
  if (version > newest_store_version()) {
    return fail(store_errors::newer, "was written by a newer mobiedit", where, "use that program, or another store");
  }
  return static_cast<int>(version);
}

Status upgrade_store(const Database& database, int version) {
  if (version == newest_store_version()) return {};
  MOBIEDIT_TRY(auto transaction, Transaction::begin(database));
  for (auto next = static_cast<std::size_t>(version); next < upgrades.size(); ++next) {
    if (auto done = database.execute(upgrades[next]); !done) return done;
  }
  const std::string marks = "PRAGMA application_id = " + std::to_string(application_id) +
                            "; PRAGMA user_version = " + std::to_string(newest_store_version());
  if (auto done = database.execute(marks.c_str()); !done) return done;
  return transaction.commit();
}

}  // namespace mobiedit
