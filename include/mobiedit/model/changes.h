// Changes of a model that run beside its weights: what a session or an editor has in force.
#pragma once

#include <vector>

#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

/// The weights stay as they are: with no changes in force the logits are the model's own, bit for bit.
struct Changes {
  std::vector<LowRankDelta> adapters;
  std::vector<Neuron> neurons;

  [[nodiscard]] bool empty() const { return adapters.empty() && neurons.empty(); }
};

}  // namespace mobiedit
