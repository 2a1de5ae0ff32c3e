// Keys of a subject: inputs of a layer's down product at the subject's last token.
#pragma once

#include <vector>

#include "backend/forward_pass.h"
#include "edit/contexts.h"

namespace mobiedit {

/// Two keys [2, f] at layer `layer`: the bare prompt's, and the mean over the other prompts (the bare one's again where
/// there are none). MEMIT averages the two. A subject that begins the text has a key unlike all others there, so each
/// is a condition of its own here. Throws std::bad_alloc.
[[nodiscard]] std::vector<float> subject_keys(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts,
                                              int layer);

struct SubjectState {
  std::vector<float> keys;      ///< [2, f], as subject_keys()
  std::vector<float> residual;  ///< [d]: output of layer `last`, half the bare prompt's, half the others' mean
};
[[nodiscard]] SubjectState subject_state(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts,
                                         int layer, int last);

}  // namespace mobiedit
