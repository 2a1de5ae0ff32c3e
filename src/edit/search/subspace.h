// Subspace Gauss-Newton on logits: the settings, for experiments and tests.
#pragma once

#include "edit/search/value_search.h"

namespace mobiedit {

struct SubspaceSettings {
  int first_directions = 24;   ///< probed before the first step
  int more_directions = 16;    ///< probed whenever steps in the known subspace stop paying
  int row_guesses = 2;         ///< rows whose own guesses are probed besides that of the whole loss
  double probe = 0.3;          ///< μ, of ‖v₀‖
  double penalty = 0.003;      ///< λ of ‖δ‖² / ‖v₀‖²
  double margin = 4.0;         ///< nats by which the loss wants a target to lead
  double enough_margin = 2.0;  ///< stop once every target leads by this
  double first_radius = 1.0;   ///< of ‖v₀‖
  double stall = 0.25;         ///< a step that takes away less than this share of the loss asks for more directions
  double overshoot = 2.0;      ///< the most that δ is lengthened by in the end
  double kl_bound = 4.0;       ///< nats of KL that lengthening may cost
};

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings);

}  // namespace mobiedit
