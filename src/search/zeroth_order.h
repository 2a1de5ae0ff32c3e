// Zeroth order: the gradient of the loss estimated by central differences, followed by Adam.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

struct ZerothOrderSettings {
  int directions = 16;         ///< N
  double probe = 0.3;          ///< μ: length of a perturbation, in ‖v₀‖
  double learning_rate = 0.5;  ///< learning rate of Adam
  double enough = 0.05;        ///< the loss at which the search stops, as in ROME
  bool stale_prefix = false;   ///< evaluates with frozen tokens, as the method `mobiedit` does
  int refresh_steps = 3;
  double refresh_fall = 1e-3;
};

std::unique_ptr<ValueSearch> make_zeroth_order_search(const ZerothOrderSettings& settings);

}  // namespace mobiedit
