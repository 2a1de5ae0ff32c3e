// The tables of a store, and how an older one becomes the newest.
#pragma once

#include <string>

#include "mobiedit/base/result.h"
#include "store/database.h"

namespace mobiedit {

/// Whether the database is a store of a version that is known here. An empty database is one of version 0.
/// Errors: bad_model, and Database's.
[[nodiscard]] Result<int> store_version(const Database& database, const std::string& where);

/// Brings the store up to date, in one transaction. Errors: Database's; then nothing changed.
[[nodiscard]] Status upgrade_store(const Database& database, int version);

[[nodiscard]] int newest_store_version();

}  // namespace mobiedit
