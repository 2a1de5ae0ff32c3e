// Tables of bench documents, for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mobiedit {

/// Describes the document of measure_kernels.
[[nodiscard]] std::string kernels_text(const nlohmann::ordered_json& document);
/// Describes the document of measure_model.
[[nodiscard]] std::string model_text(const nlohmann::ordered_json& document);
/// Describes a list of documents of measure_edits.
[[nodiscard]] std::string edits_text(const nlohmann::ordered_json& models);

}  // namespace mobiedit
