// JSON of an edit: its evidence in the store, and a line of a dump.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

[[nodiscard]] nlohmann::ordered_json to_json(const EditEvidence& evidence);
/// Null where a field is missing or of another type. Ignores unknown fields.
[[nodiscard]] std::optional<EditEvidence> evidence_from(const nlohmann::json& json);

[[nodiscard]] std::string to_json_list(const std::vector<std::string>& texts);
[[nodiscard]] std::optional<std::vector<std::string>> texts_from(const nlohmann::json& json);

/// One line of a dump, without its end.
[[nodiscard]] std::string to_line(const StoredEdit& edit);
/// Errors: usage, naming the fault of the line.
[[nodiscard]] Result<StoredEdit> from_line(std::string_view line);

}  // namespace mobiedit
