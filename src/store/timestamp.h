// Timestamps: 2026-11-25T15:42:29Z.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mobiedit {

/// Formats seconds since 1970, UTC. Clamps to the years 0 to 9999.
[[nodiscard]] std::string to_timestamp(std::int64_t seconds);
/// Null unless to_timestamp gives exactly this text for some time.
[[nodiscard]] std::optional<std::int64_t> from_timestamp(std::string_view text);

}  // namespace mobiedit
