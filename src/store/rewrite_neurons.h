// Neurons in weights of a fixed type: their rows and columns are rounded anew.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/placed_neurons.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/same_type.h"
#include "store/model_copy.h"

namespace mobiedit {

/// Writes rows of ffn_gate and ffn_up and columns of ffn_down into `anew`, which gets the base's bytes of a tensor that
/// it does not have yet. A block of ffn_down that holds a neuron's column is written whole: its other columns become 0,
/// for rounding them again would disturb more. Returns a report on each tensor. Errors: usage (a type that is not
/// written here, a value beyond its range), bad_model (a tensor that is missing or of another size).
[[nodiscard]] Result<std::vector<FlippedTensor>> rewrite_neurons(const gguf::File& base, const PlacedNeurons& layer,
                                                                 std::map<std::string, NewTensor>& anew);

}  // namespace mobiedit
