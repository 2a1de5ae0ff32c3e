// Tables of a store, and migration from older versions.
#pragma once

#include <string>

#include "mobiedit/base/result.h"
#include "store/database.h"

namespace mobiedit {

/// Checks that the database is a store of a known version. An empty database counts as version 0.
/// Errors: bad_model, and as Database.
[[nodiscard]] Result<int> store_version(const Database& database, const std::string& where);

/// Migrates the store to the newest version in one transaction. Errors: as Database; then nothing changed.
[[nodiscard]] Status upgrade_store(const Database& database, int version);

[[nodiscard]] int newest_store_version();

}  // namespace mobiedit
