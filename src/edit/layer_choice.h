// Layer and clamp of an edit, from a table of models or from a model's depth.
#pragma once

#include <optional>

#include "mobiedit/edit/editor.h"
#include "mobiedit/edit/layer.h"

namespace mobiedit {

/// The table's choice; nothing for a model that is not in it.
[[nodiscard]] std::optional<LayerChoice> known_layer(const ModelConfig& config);

/// The depth of most published edits.
[[nodiscard]] LayerChoice usual_layer(const ModelConfig& config);

/// The layer and clamp of an editor with these options: those that they give, else those of the way of writing. For
/// neurons that is neuron_layer(); for rank-one updates the table's choice, else the usual one.
[[nodiscard]] LayerChoice layer_for(const ModelConfig& config, const EditOptions& options);

/// The threshold where it is given, else the table's, else 0.
[[nodiscard]] double confidence_threshold_for(const ModelConfig& config, std::optional<double> threshold);

/// Refuses a layer that the model lacks, and the last one. Errors: usage.
[[nodiscard]] Status check_layer(const ModelConfig& config, int layer);

}  // namespace mobiedit
