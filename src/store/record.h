// Checks of an edit before it is kept, and the checksum by which a store knows it again.
#pragma once

#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"

namespace mobiedit {

/// 32 hexadecimal digits over all that never changes once the edit was made: everything but id and enabled.
[[nodiscard]] std::string checksum(const Edit& edit);
/// For callers that have the JSON texts of evidence and origin (origin_text) at hand.
[[nodiscard]] std::string checksum(const Edit& edit, std::string_view evidence_text, std::string_view origin_text);

/// Over a neuron and the facts that it was found together with.
[[nodiscard]] std::string checksum(const SharedNeuron& shared);

/// Kinds of updates, as stores and dumps name them: kind_of().
inline constexpr std::string_view rank_one_kind = "rank-one";
inline constexpr std::string_view neuron_kind = "neuron";

/// Errors: usage (text that is not UTF-8, vectors that are empty, too long or not finite, a negative layer).
[[nodiscard]] Status check_record(const Edit& edit);
/// Errors: usage, as above; also vectors of different lengths.
[[nodiscard]] Status check_neuron(const SharedNeuron& shared);

/// Replaces bytes that are not UTF-8 by U+FFFD in answers, which may end within a character, and in the name of the
/// statistics, which is a file name.
void make_utf8(Edit& edit);

}  // namespace mobiedit
