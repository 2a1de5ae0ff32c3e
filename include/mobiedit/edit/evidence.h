// The evidence of an edit: measurements of the search, and of the model before and after.
#pragma once

#include <string>
#include <vector>

namespace mobiedit {

/// An answer of the model to one prompt, before and after the edit.
struct ProbeResult {
  std::string prompt;
  std::string before;
  std::string after;
  bool as_wanted = false;  ///< a paraphrase: `after` is target_new; a prompt to keep: `after` equals `before`

  bool operator==(const ProbeResult&) const = default;
};

/// Measurements of an edit, taken during its search and after its update.
struct EditEvidence {
  /// Greedy generation from the bare prompt gives exactly target_new, with the update in force.
  bool success = false;
  int layer = 0;  ///< the edited layer, counted from 0
  int steps = 0;
  int evaluations = 0;  ///< forward evaluations, each of all contexts at one δ
  int wordings = 0;     ///< number of general wordings in which the target was taught too (confidence_threshold)
  double seconds = 0;
  double loss = 0;                          ///< loss at the end of the search
  double integer_work = 0, float_work = 0;  ///< multiply-accumulates of products with weights in the search
  double tokens = 0;                        ///< computed by forward passes; a row through one of n layers counts as 1/n
  double target_probability_before = 0, target_probability_after = 0;  ///< of all its tokens, bare prompt
  std::string answer_before, answer_after;                             ///< greedy, as many tokens as the target has
  double delta_norm_ratio = 0;                                         ///< ‖δ‖ / ‖v₀‖
  double update_norm_ratio = 0;                                        ///< ‖ΔW‖ / ‖W‖, Frobenius; a neuron: 0
  double perplexity_before = 0, perplexity_after = 0;  ///< perplexity of a reference text; 0: not measured
  std::vector<ProbeResult> paraphrases, keep;

  bool operator==(const EditEvidence&) const = default;
};

}  // namespace mobiedit
