// The published loop of MobiEdit (arXiv 2506.13772), part by part, for comparison.
#pragma once

#include "edit/search/value_search.h"

namespace mobiedit {

/// Each part can be switched off or replaced. What lies outside of a search is not here: the prefix cache is the exact
/// one, which computes what a fresh pass would, and activations are quantised as the model's arithmetic says.
struct MobieditSettings {
  int directions = 5;           ///< N
  double probe = 1e-3;          ///< μ, absolute: the published code's
  bool relative_probe = false;  ///< μ in lengths of v₀ instead
  bool average = false;         ///< divide by N; the published code sums
  double learning_rate = 5e-2;  ///< of plain gradient descent
  bool cosine = true;           ///< the rate decays to 0 over `steps`
  int steps = 600;
  int test_every = 20;         ///< M; 0: no early stopping
  double confidence = 0.5;     ///< of every target token, at which a test says done
  double weight_decay = 1e-3;  ///< of ‖δ‖ / ‖v₀‖²
};

std::unique_ptr<ValueSearch> make_mobiedit_search(const MobieditSettings& settings);

}  // namespace mobiedit
