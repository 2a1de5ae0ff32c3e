#include "base/human_bytes.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>

namespace mobiedit {

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value, std::chars_format::fixed, unit == 0 ? 0 : 1).ptr;
  return std::string(digits.begin(), end) + " " + units[unit];
}

}  // namespace mobiedit
