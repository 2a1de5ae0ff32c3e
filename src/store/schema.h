// The tables of a store, and the upgrade of an older store to the newest version.
#pragma once

#include <string>

#include "mobiedit/base/result.h"
#include "store/database.h"

namespace mobiedit {

/// The version of a store; 0: an empty database. Errors: bad_model (no store, or of a newer version), and Database's.
[[nodiscard]] Result<int> store_version(const Database& database, const std::string& where);

/// Migrates the store to the newest version in one transaction. Errors: as Database; then nothing changed.
[[nodiscard]] Status upgrade_store(const Database& database, int version);

[[nodiscard]] int newest_store_version();

}  // namespace mobiedit
