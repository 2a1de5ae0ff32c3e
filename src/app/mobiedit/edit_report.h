// Edits of a store or of a job, as text for people.
#pragma once

#include <cstdint>
#include <string>

#include "mobiedit/store/store.h"
#include "mobiedit/workspace/teach.h"

namespace mobiedit::cli {

/// "in force", "disabled", "replaced by 4"
[[nodiscard]] std::string state_text(const EditInfo& edit);
/// "Eiffel Tower is located in ... Rome"
[[nodiscard]] std::string fact_text(const EditInfo& edit);
/// "2026-11-25 15:42", in UTC
[[nodiscard]] std::string time_text(std::int64_t seconds);

/// The reason, with the option that sets the limit.
[[nodiscard]] std::string why_not(const Outcome& outcome);
[[nodiscard]] std::string edit_text(const Outcome& outcome);
/// The measurements, as edit_text shows them.
[[nodiscard]] std::string evidence_text(const Edit& edit);

/// "rome.gguf  45.1 MiB, read back and asked again"
[[nodiscard]] std::string written_text(const WrittenFile& file, bool asked = true);

}  // namespace mobiedit::cli
