// A moment as people write it: 2026-11-25T15:42:29Z.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mobiedit {

/// Seconds since 1970, UTC; of the years 0 to 9999, what lies outside is moved to their ends.
[[nodiscard]] std::string to_timestamp(std::int64_t seconds);
/// Null unless it is exactly what to_timestamp gives for some moment.
[[nodiscard]] std::optional<std::int64_t> from_timestamp(std::string_view text);

}  // namespace mobiedit
