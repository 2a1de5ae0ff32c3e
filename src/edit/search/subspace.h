// Subspace Gauss-Newton on logits: the settings, for experiments and tests.
#pragma once

#include "edit/search/value_search.h"

namespace mobiedit {

struct SubspaceSettings {
  int first_looks = 8;         ///< evaluations' worth of directions probed before the first step
  int more_looks = 8;          ///< whenever steps stop paying
  int row_guesses = 2;         ///< rows whose own gradients are probed besides that of the whole loss
  double probe = 1.0;          ///< μ, of ‖v₀‖
  double borrow = 0.5;         ///< how far what one prompt's logits did is believed of another prompt's
  double penalty = 0.003;      ///< λ of ‖δ‖² / ‖v₀‖²
  double margin = 8.0;         ///< nats by which the loss wants a target to lead
  double enough_margin = 6.0;  ///< stop once every target leads by this
  double first_radius = 1.0;   ///< of ‖v₀‖
  double stall = 0.25;         ///< a step that takes away less than this share of the loss asks for a look around
  int logits_moved = 48;       ///< that a step tries to move one by one
};

/// Where prompts are worded unlike each other, what one shows tells little of the others, so that more looks are
/// needed; and a target that leads in several wordings need not lead by as much.
[[nodiscard]] SubspaceSettings subspace_for_unlike_prompts();

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings);

}  // namespace mobiedit
