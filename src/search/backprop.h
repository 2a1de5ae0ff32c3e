// ROME's search, by a backward pass: what the forward-only methods are measured against.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

struct BackpropSettings {
  double learning_rate = 0.5;  ///< Adam's
  int steps = 60;              ///< ROME: 25
  double enough = 0.003;       ///< the loss at which it stops; ROME: 0.05
  double weight_decay = 0;     ///< of ‖δ‖ / ‖v₀‖²; ROME: 1e-3
};

std::unique_ptr<ValueSearch> make_backprop_search(const BackpropSettings& settings);

}  // namespace mobiedit
