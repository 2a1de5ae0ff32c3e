// Bytes as text (RFC 4648).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit {

[[nodiscard]] std::string to_base64(std::span<const std::byte> bytes);
/// Null unless to_base64 gives exactly this text for some bytes.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace mobiedit
