// The published loop of MobiEdit (arXiv 2506.13772), part by part, for comparison.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

/// Each part can be switched off or replaced. Weights are quantised as the model's are.
struct MobieditSettings {
  int directions = 5;           ///< N
  double probe = 1e-3;          ///< μ, absolute: the published code's
  bool relative_probe = false;  ///< μ in lengths of v₀ instead
  bool average = false;         ///< divide by N; the published code sums
  double learning_rate = 5e-2;  ///< of plain gradient descent
  bool cosine = true;           ///< the rate decays to 0 over `steps`
  int steps = 600;
  int test_every = 20;             ///< M; 0: no early stopping
  double confidence = 0.5;         ///< of every target token, at which a test says done
  double weight_decay = 1e-3;      ///< of ‖δ‖ / ‖v₀‖²
  bool stale_prefix = true;        ///< the prompt's tokens between subject and target are kept from an earlier step
  int refresh_steps = 3;           ///< and read anew when over so many steps the loss fell
  double refresh_fall = 1e-3;      ///< by less than this; 0 steps: never. Tests are always exact
  bool static_activations = true;  ///< in 16 bits, a range for each tensor, calibrated on the prompts
};

std::unique_ptr<ValueSearch> make_mobiedit_search(const MobieditSettings& settings);

}  // namespace mobiedit
