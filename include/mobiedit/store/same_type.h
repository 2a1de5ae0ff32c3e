// An edited model in the base's own types and size: codes of the edited weights change, scales and all else stay.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/edit/placed_neurons.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit {

/// Report on one edited tensor.
struct FlippedTensor {
  std::string name;
  gguf::TensorType type;
  std::uint64_t codes = 0;    ///< the tensor's quantised codes, or its values where the type is a float
  std::uint64_t changed = 0;  ///< codes that differ from the base's
  double update_error = 0;    ///< largest ‖(W_written − W_wanted) k‖ / ‖left‖ over the updates, k the key of each
  double side_effect = 0;     ///< root of E‖(W_written − W_wanted) k‖² / E‖(W_wanted − W) k‖² over keys of running text
};

/// Copies `base` to `path` and changes the codes of each edited `blk.N.ffn_down.weight`. The update's keys get their
/// values, and the output for keys of running text changes as little as possible: the rounding of each weight depends
/// on the others of its row. Every type that is read can be written so; floats move to neighbouring floats. No metadata
/// and no other byte changes, so only the fingerprint tells that the file is edited. A split base is written as one
/// file. `moments`: of the edited layers, any or none. `neurons` are rounded into their places, where a block of
/// ffn_down with one of them is written whole: place them in whole blocks. Memory: two f × f matrices of floats and one
/// edited tensor. Errors: usage (`path` is the base itself, no update, a value beyond a float type's range), bad_model
/// (a tensor that is missing or of another size), io, out_of_memory. On failure `path` is what it was.
[[nodiscard]] Result<std::vector<FlippedTensor>> write_same_type(const std::filesystem::path& path,
                                                                 const gguf::File& base,
                                                                 std::span<const RankOneUpdate> updates,
                                                                 std::span<const KeyMoment> moments, int threads = 0,
                                                                 std::span<const PlacedNeurons> neurons = {});

}  // namespace mobiedit
