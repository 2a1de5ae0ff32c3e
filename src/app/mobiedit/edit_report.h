// Edits of a job, as text for people and JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mobiedit/workspace/teach.h"

namespace mobiedit::cli {

[[nodiscard]] nlohmann::ordered_json edit_json(const Outcome& outcome);
[[nodiscard]] std::string edit_text(const Outcome& outcome);
/// The measurements, as edit_text shows them.
[[nodiscard]] std::string evidence_text(const Edit& edit);
/// The measurements, as the documents of `edit` and `show` have them.
[[nodiscard]] nlohmann::ordered_json evidence_json(const Edit& edit);
/// The way the edit was made, as the document of `show` has it.
[[nodiscard]] nlohmann::ordered_json origin_json(const EditOrigin& origin);

/// "rome.gguf  45.1 MiB, read back and asked again"
[[nodiscard]] std::string written_text(const WrittenFile& file, bool asked = true);

}  // namespace mobiedit::cli
