#include "base/fingerprint.h"

#include <string_view>

namespace mobiedit {

Fingerprint::Fingerprint() {
  XXH3_128bits_reset(&state_);
}

void Fingerprint::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_, bytes.data(), bytes.size());
}

std::string Fingerprint::digits() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_));
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += hexadecimal[byte >> 4];
    text += hexadecimal[byte & 15];
  }
  return text;
}

std::string fingerprint(std::span<const std::byte> bytes) {
  Fingerprint whole;
  whole.add(bytes);
  return whole.digits();
}

}  // namespace mobiedit
