// An edit that was made, and what was measured of it: plain data, shared by those who make edits and those who keep
// them.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/edit/request.h"
#include "mobiedit/edit/update.h"

namespace mobiedit {

/// An answer of the model to one prompt, before and after.
struct ProbeResult {
  std::string prompt;
  std::string before;
  std::string after;
  bool as_wanted = false;  ///< paraphrase: `after` is target_new; keep: `after` equals `before`
};

/// Measurements of an edit, taken during its search and after its update.
struct EditEvidence {
  bool success = false;  ///< with the update in force, greedy generation from the bare prompt gives target_new, exactly
  int layer = 0;
  int steps = 0;
  int evaluations = 0;
  int wordings = 0;  ///< general ones, that the target was taught behind too (EditOptions::sure)
  double seconds = 0;
  double loss = 0;
  double integer_work = 0, float_work = 0;  ///< multiply-accumulates in products with weights, without the measurement
  double tokens = 0;  ///< that its forward passes computed: rows through a block, over the model's number of blocks; a
                      ///< search by a backward pass does not count its own
  double target_probability_before = 0, target_probability_after = 0;  ///< exp(−mean token NLL), bare prompt
  std::string answer_before, answer_after;                             ///< greedy, as many tokens as the target has
  double delta_norm_ratio = 0;                                         ///< ‖δ‖ / ‖v₀‖
  double update_norm_ratio = 0;                                        ///< ‖ΔW‖ / ‖W‖, Frobenius
  double perplexity_before = 0, perplexity_after = 0;  ///< of a running text, by who measured it; 0: nobody did
  std::vector<ProbeResult> paraphrases, keep;
};

struct Edit {
  EditRequest request;
  RankOneUpdate update;
  EditEvidence evidence;
};

}  // namespace mobiedit
