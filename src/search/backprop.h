// ROME's search, by a backward pass: what the forward-only methods are measured against.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

struct BackpropSettings {
  double learning_rate = 0.5;  ///< learning rate of Adam
  int steps = 60;              ///< ROME takes 25
  double enough = 0.003;       ///< the loss at which the search stops; ROME takes 0.05
  double weight_decay = 0;     ///< weight of ‖δ‖ / ‖v₀‖² in the loss; ROME takes 1e-3
};

std::unique_ptr<ValueSearch> make_backprop_search(const BackpropSettings& settings);

}  // namespace mobiedit
