// Which block to edit and how far, as far as a model's shape tells.
#pragma once

#include <optional>

#include "mobiedit/edit/layer.h"

namespace mobiedit {

/// From a table of models that were measured.
[[nodiscard]] std::optional<LayerChoice> known_layer(const ModelConfig& config);

/// The depth at which most published edits are made.
[[nodiscard]] LayerChoice usual_layer(const ModelConfig& config);

}  // namespace mobiedit
