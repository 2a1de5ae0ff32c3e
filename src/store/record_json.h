// An edit as JSON: what a store keeps of its evidence, and the lines of a dump.
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
/// Null where a field is missing or of another kind; fields that are not known here are ignored.
[[nodiscard]] std::optional<EditEvidence> evidence_from(const nlohmann::json& json);

[[nodiscard]] std::string to_json_list(const std::vector<std::string>& texts);
[[nodiscard]] std::optional<std::vector<std::string>> texts_from(const nlohmann::json& json);

/// One line of a dump, without its end.
[[nodiscard]] std::string to_line(const StoredEdit& edit);
/// Errors: usage, saying what is wrong with the line.
[[nodiscard]] Result<StoredEdit> from_line(std::string_view line);

}  // namespace mobiedit
