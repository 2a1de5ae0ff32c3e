// Which block to edit and how far, where the user doesn't say.
#pragma once

#include "mobiedit/model/model.h"

namespace mobiedit {

struct LayerChoice {
  int layer = 0;
  double clamp = 4;  ///< ‖δ‖ at most this many ‖v₀‖
};

/// From a table of models that were measured, otherwise the depth at which most published edits are made.
[[nodiscard]] LayerChoice choose_layer(const ModelConfig& config);

}  // namespace mobiedit
