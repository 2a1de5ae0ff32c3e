// The published loop of MobiEdit (arXiv 2506.13772), part by part, for comparison.
#pragma once

#include "search/value_search.h"

namespace mobiedit {

/// Each part can be switched off or replaced. Weights are quantised as the model's are.
struct MobieditSettings {
  int directions = 5;           ///< N: directions per step
  double probe = 1e-3;          ///< μ, absolute: the published code's
  bool relative_probe = false;  ///< μ in lengths of v₀ instead
  bool average = false;         ///< divides the sum over directions by N; the published code does not
  double learning_rate = 5e-2;  ///< learning rate of plain gradient descent
  bool cosine = true;           ///< the rate decays to 0 over `steps`
  int steps = 600;
  int test_every = 20;         ///< M: steps from one test for an early stop to the next; 0: no early stop
  double confidence = 0.5;     ///< probability of every target token at which a test stops the search
  double weight_decay = 1e-3;  ///< weight of ‖δ‖ / ‖v₀‖² in the loss
  /// Reuses keys and values of the tokens between subject and target from an earlier step.
  bool stale_prefix = true;
  /// Steps after which they are read anew if the loss fell by less than refresh_fall; 0: never.
  int refresh_steps = 3;
  double refresh_fall = 1e-3;  ///< fall of the loss below which they are read anew; tests are always exact
  /// In 16-bit codes, with a range per tensor that is calibrated on the prompts.
  bool static_activations = true;
};

std::unique_ptr<ValueSearch> make_mobiedit_search(const MobieditSettings& settings);

}  // namespace mobiedit
