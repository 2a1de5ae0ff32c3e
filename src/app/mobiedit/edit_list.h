// Edits of a store, as text for people and JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mobiedit/store/store.h"

namespace mobiedit::cli {

/// "in force", "disabled", "replaced by 4"
[[nodiscard]] std::string state_text(const EditInfo& edit);
/// "Eiffel Tower is located in ... Rome"
[[nodiscard]] std::string fact_text(const EditInfo& edit);
[[nodiscard]] nlohmann::ordered_json summary_json(const EditInfo& edit);
/// "2026-11-25 15:42", in UTC
[[nodiscard]] std::string time_text(std::int64_t seconds);

}  // namespace mobiedit::cli
