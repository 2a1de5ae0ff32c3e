// Parts of an edit as JSON: the evidence and origin columns of a store.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/store/store.h"

namespace mobiedit {

/// Layers beyond this number are refused.
inline constexpr std::int64_t largest_block = 1'000'000;

[[nodiscard]] nlohmann::ordered_json to_json(const EditEvidence& evidence);
[[nodiscard]] nlohmann::ordered_json to_json(const EditOrigin& origin);
/// Null where a field is missing or of another kind; unknown fields are ignored.
[[nodiscard]] std::optional<EditEvidence> evidence_from(const nlohmann::json& json);

/// The fields that have no column of their own: all but base, method, seed and made_at. Fields with their default value
/// are left out, so an edit of version 1 has empty_origin_text.
[[nodiscard]] std::string origin_text(const EditOrigin& origin);
inline constexpr std::string_view empty_origin_text = "{}";
/// Fills in those fields; false where one is of another kind.
[[nodiscard]] bool read_origin(const nlohmann::json& json, EditOrigin& origin);

[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<ServedFact>& facts);
[[nodiscard]] std::optional<std::vector<ServedFact>> served_from(const nlohmann::json& json);

[[nodiscard]] std::string to_json_list(const std::vector<std::string>& texts);
[[nodiscard]] std::optional<std::vector<std::string>> texts_from(const nlohmann::json& json);

}  // namespace mobiedit
