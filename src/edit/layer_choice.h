// Which block to edit and how far, as far as a model's shape tells.
#pragma once

#include <optional>

#include "mobiedit/edit/layer.h"

namespace mobiedit {

/// From a table of models that were measured.
[[nodiscard]] std::optional<LayerChoice> known_layer(const ModelConfig& config);

/// The depth at which most published edits are made.
[[nodiscard]] LayerChoice usual_layer(const ModelConfig& config);

/// What an edit takes: what was asked for, else the table's, else the usual.
[[nodiscard]] LayerChoice layer_for(const ModelConfig& config, std::optional<int> layer, std::optional<double> clamp);

/// EditOptions::sure: what was asked for, else the table's, else 0.
[[nodiscard]] double sure_for(const ModelConfig& config, std::optional<double> sure);

/// Errors: usage, if the model has no such block or it is the last.
[[nodiscard]] Status check_layer(const ModelConfig& config, int layer);

}  // namespace mobiedit
