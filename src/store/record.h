// What a store asks of an edit, and how it knows one again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

/// Subject and prompt with white space made alike: equal for edits of one fact.
[[nodiscard]] std::string fact_key(const EditRequest& request);

/// 32 hexadecimal digits over all that never changes once the edit was made: everything but id and enabled.
[[nodiscard]] std::string checksum(const StoredEdit& edit);
/// The same where the evidence's JSON is at hand.
[[nodiscard]] std::string checksum(const StoredEdit& edit, std::string_view evidence_text);

inline constexpr std::int64_t largest_block = 1'000'000;

/// Errors: usage (text that is not UTF-8, vectors that are empty, too long or not finite, a negative block).
[[nodiscard]] Status check_record(const StoredEdit& edit);

/// What a model answered may end within a character: such bytes become U+FFFD.
void make_evidence_utf8(EditEvidence& evidence);

}  // namespace mobiedit
