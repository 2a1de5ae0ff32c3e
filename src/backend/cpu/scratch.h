// Growth of scratch memory.
#pragma once

#include <cstddef>
#include <vector>

namespace mobiedit {

[[nodiscard]] inline std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// Grows it to n values at least.
inline void ensure(std::vector<float>& v, std::size_t n) {
  if (v.size() < n) v.resize(n);
}

}  // namespace mobiedit
