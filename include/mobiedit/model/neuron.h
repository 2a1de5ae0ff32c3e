// Neuron: one feed-forward neuron that runs beside a layer's weights, which stay as they are.
#pragma once

#include <vector>

namespace mobiedit {

/// One neuron beside those of a layer's gated feed-forward. For the feed-forward's input n [d], the residual after its
/// norm, it adds act(gate·n) (up·n) down to the output, before any norm that follows. `act` is the model's own
/// activation, SiLU or GELU.
struct Neuron {
  int layer = 0;            ///< counted from 0
  std::vector<float> gate;  ///< [d]
  std::vector<float> up;    ///< [d]
  std::vector<float> down;  ///< [d]

  [[nodiscard]] friend bool operator==(const Neuron&, const Neuron&) = default;
};

}  // namespace mobiedit
