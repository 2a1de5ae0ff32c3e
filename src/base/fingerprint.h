// Bytes known again by 32 hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mobiedit {

/// XXH3, 128 bits: against accidents, not against someone who wants two things to look alike.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);

}  // namespace mobiedit
