// Shortest value, by gradients: a search for models that get many edits.
#pragma once

#include <memory>

#include "search/value_search.h"

namespace mobiedit {

struct ShortestSettings {
  double step = 0.1;         ///< length of a step, in ‖v₀‖
  double margin = 2.0;       ///< nats by which the loss wants a target to lead
  double stop_margin = 0.5;  ///< stop once every target leads by this
  double penalty = 0.003;    ///< λ of ‖δ‖² / ‖v₀‖²
  int steps = 60;            ///< limit of steps until every target leads
  double shrink = 0.07;      ///< share by which each later round shortens δ
  int turns = 3;             ///< limit of steps in a round until every target leads again
};

std::unique_ptr<ValueSearch> make_shortest_search(const ShortestSettings& settings);

}  // namespace mobiedit
