// Random input of a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace mobiedit::kernels {

inline std::vector<float> normal(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  Random(seed).fill_normal(values);
  return values;
}

}  // namespace mobiedit::kernels
