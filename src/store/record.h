// Validity, identity and checksum of a stored edit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

/// Subject and prompt with normalised white space; equal for edits of one fact.
[[nodiscard]] std::string fact_key(const EditRequest& request);

/// Checksum of everything in an edit except id and enabled, as 32 hexadecimal digits.
[[nodiscard]] std::string checksum(const StoredEdit& edit);
/// Checksum of an edit whose evidence is given as JSON.
[[nodiscard]] std::string checksum(const StoredEdit& edit, std::string_view evidence_text);

inline constexpr std::int64_t largest_block = 1'000'000;

/// Errors: usage (text that is not UTF-8, vectors that are empty, too long or not finite, a negative block).
[[nodiscard]] Status check_record(const StoredEdit& edit);

/// Replaces bytes that are not UTF-8 by U+FFFD: a model's answer may end within a character.
void make_evidence_utf8(EditEvidence& evidence);

}  // namespace mobiedit
