// Neurons in a file: each takes the place of one of its layer's own.
#pragma once

#include <vector>

#include "mobiedit/model/neuron.h"

namespace mobiedit {

/// Neurons of one layer, and the numbers of the layer's neurons whose rows and columns they replace.
struct PlacedNeurons {
  int layer = 0;
  std::vector<Neuron> neurons;  ///< all of this layer
  std::vector<int> slots;       ///< one for each, in [0, f), none twice
};

}  // namespace mobiedit
