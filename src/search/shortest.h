// The shortest value that serves, by gradients: for models that are to bear many edits.
#pragma once

#include <memory>

#include "search/value_search.h"

namespace mobiedit {

struct ShortestSettings {
  double step = 0.1;         ///< of ‖v₀‖
  double margin = 2.0;       ///< nats by which the loss wants a target to lead
  double stop_margin = 0.5;  ///< stop once every target leads by this
  double penalty = 0.003;    ///< λ of ‖δ‖² / ‖v₀‖²
  int steps = 60;            ///< to get there, at most
  double shrink = 0.07;      ///< then δ is made shorter by this share, again and again,
  int turns = 3;             ///< with so many steps each to lead once more
};

std::unique_ptr<ValueSearch> make_shortest_search(const ShortestSettings& settings);

}  // namespace mobiedit
