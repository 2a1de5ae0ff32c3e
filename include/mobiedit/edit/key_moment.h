// Second moment of a layer's keys, as plain data.
#pragma once

#include <vector>

namespace mobiedit {

/// C = E[k kᵀ] over running text, with the ridge on its diagonal that makes it safe to invert.
struct KeyMoment {
  int layer = 0;
  std::vector<float> values;  ///< [f, f], symmetric; empty: unknown, and all directions count alike
};

}  // namespace mobiedit
