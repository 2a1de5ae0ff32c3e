// Limits of the format, for its reader and its writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mobiedit::gguf {

inline constexpr std::uint64_t default_alignment = 32;
/// Longest header that is read, in bytes: a hostile file cannot make the reader allocate without end. The largest
/// vocabularies in use take a tenth of it.
inline constexpr std::size_t header_limit = std::size_t{128} << 20;
inline constexpr std::size_t max_key_length = 65535;
inline constexpr std::size_t max_tensor_name_length = 63;  // llama.cpp has room for as many bytes

/// Returns the fault of a name as the end of a sentence; null if it has none.
[[nodiscard]] constexpr const char* unfit_name(std::string_view name, std::size_t longest) {
  if (name.empty()) return "is empty";
  if (name.size() > longest) return "is too long";
  if (name.find('\0') != std::string_view::npos) return "has a zero byte";
  return nullptr;
}
[[nodiscard]] constexpr const char* unfit_key(std::string_view key) {
  return unfit_name(key, max_key_length);
}
[[nodiscard]] constexpr const char* unfit_tensor_name(std::string_view name) {
  return unfit_name(name, max_tensor_name_length);
}

/// Rounds up to a multiple. `value` is far from the largest number.
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t power_of_two) {
  return (value + (power_of_two - 1)) & ~(power_of_two - 1);
}

}  // namespace mobiedit::gguf
