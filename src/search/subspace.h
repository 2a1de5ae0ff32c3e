// Subspace Gauss-Newton on logits: settings, for experiments and tests.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

/// Lengths are in units of ‖v₀‖, budgets in evaluations, leads and margins in nats.
struct SubspaceSettings {
  int initial_probes = 8;             ///< probe budget before the first step
  int probes = 8;                     ///< probe budget after a step that gained little
  int hard_probes = 16;               ///< the latter once the search counts as hard
  int hard_after = 100;               ///< evaluations after which a search counts as hard
  int gradient_probes = 4;            ///< single rows whose estimated gradient is probed, beside that of the whole loss
  double probe_length = 1.0;          ///< μ, length of a probe
  double cross_context_weight = 0.5;  ///< weight of a probe in one context for the other contexts' rows, above 0 to 1
  double probe_noise = 0.05;          ///< variance of a measured slope, as a share of an unknown slope's
  double memory = 4.0;                ///< length of steps over which the Jacobian falls to 1/e of its estimate
  double penalty = 0.003;             ///< λ of ‖δ‖² / ‖v₀‖²
  double caution = 0;                 ///< charge of a step of ‖v₀‖ along directions of which nothing is known
  double margin = 8.0;                ///< lead that the loss asks of each target
  double stop_margin = 6.0;           ///< lead of every target at which the search stops
  double hard_margin_share = 0.2;     ///< share of the stop margin that a hard search ends up asking, 0 to 1
  double initial_radius = 1.0;        ///< trust radius of the first step
  double min_improvement = 0.25;      ///< share of the loss that a step must remove, or probes follow
  int patience = 120;  ///< evaluations in which the loss must fall by `min_gain`, or the search stops; 0: it goes on
  double min_gain = 0.05;  ///< share of the loss
  int logits_moved = 48;   ///< single logits whose rows of the Jacobian span a step, beside each row's gradient
};

/// For prompts of different wording. A probe in one of them says little of the others, so that more probes are needed;
/// and a target that leads in several wordings need not lead by as much.
[[nodiscard]] SubspaceSettings subspace_for_unlike_prompts();

/// For the two stages of a neuron's search: statements alone, then all contexts.
[[nodiscard]] SubspaceSettings subspace_for_statements();
[[nodiscard]] SubspaceSettings subspace_for_subject();
[[nodiscard]] SubspaceSettings subspace_settings_for(Prompts prompts);

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings);

}  // namespace mobiedit
