// Fingerprints: a hash of bytes as 32 hexadecimal digits (XXH3, 128 bits).
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <span>
#include <string>

namespace mobiedit {

/// Hash of bytes that come in pieces. Detects accidental changes; gives no protection against an attacker.
class Fingerprint {
 public:
  Fingerprint();
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] std::string digits() const;

 private:
  XXH3_state_t state_;
};

[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);

}  // namespace mobiedit
