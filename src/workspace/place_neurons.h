// Places for neurons in a file: the least used neurons of their layers make room.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/placed_neurons.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

/// How the places of a layer lie.
enum class Places {
  anywhere,
  whole_blocks,  ///< in aligned groups as wide as a quantisation block of the down weight
};

/// Layers in ascending order. Errors: usage (more neurons than a quarter of the layer's own), bad_model (a layer
/// without a gated feed-forward of its own), cancelled, out_of_memory.
[[nodiscard]] Result<std::vector<PlacedNeurons>> place_neurons(const Model& model, std::span<const Neuron> neurons,
                                                               Places places, const SessionOptions& session,
                                                               const CancelToken& cancel);

}  // namespace mobiedit
