// Neuron write in a stock file: a layer's least used neurons make room, as three low-rank changes.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

/// Use of each neuron of a layer, [f]: its mean squared activation on text times the squared length of its down column.
/// This is the mean squared length of what the neuron adds. `activity` [f] is that mean square.
/// Errors: bad_model (the layer has no gated feed-forward of f neurons), out_of_memory.
[[nodiscard]] Result<std::vector<float>> neuron_use(const gguf::File& file, int layer, std::span<const float> activity);

/// Numbers of the `count` least used neurons, ascending. With `group` above 1 they come in aligned groups of that many,
/// so that each row of a block-quantised down matrix changes in few blocks; the last group may be used in part.
/// Errors: usage (more than there are).
[[nodiscard]] Result<std::vector<int>> least_used(std::span<const float> use, int count, int group = 1);

/// Changes of ffn_gate, ffn_up and ffn_down that turn neuron slots[i] of the layer into neurons[i], each of rank
/// neurons.size(). One slot per neuron, all neurons of `layer`. Errors: usage (sizes, a slot twice or out of range),
/// bad_model (the layer's tensors), out_of_memory.
[[nodiscard]] Result<std::vector<LowRankDelta>> slot_deltas(const gguf::File& file, int layer,
                                                            std::span<const Neuron> neurons,
                                                            std::span<const int> slots);

}  // namespace mobiedit
