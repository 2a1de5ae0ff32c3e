// What is known of the keys that a block's weight meets, as plain data.
#pragma once

#include <vector>

namespace mobiedit {

/// E[k kᵀ] over running text, with what makes it safe to invert already added to its diagonal.
struct KeyMoment {
  int block = 0;
  std::vector<float> values;  ///< [f, f], symmetric; empty: nothing is known, all directions count alike
};

}  // namespace mobiedit
