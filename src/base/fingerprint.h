// Fingerprints: a hash of bytes as 32 hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mobiedit {

/// XXH3, 128 bits. Detects accidental changes; gives no protection against an attacker.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);

}  // namespace mobiedit
