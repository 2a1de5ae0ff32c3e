// A whole model with edits in it, of the same types and the same size: integer codes are changed, scales stay.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit {

/// What became of one tensor.
struct FlippedTensor {
  std::string name;
  gguf::TensorType type;
  std::uint64_t codes = 0;    ///< in all
  std::uint64_t changed = 0;  ///< of them
  double update_error = 0;    ///< largest ‖(W_written − W_wanted) k‖ / ‖left‖ over the updates, k the key of each
  double side_effect = 0;     ///< E‖(W_written − W_wanted) k‖² / E‖(W_wanted − W) k‖² over running text, the root of it
};

/// Copies `base` to `path`, with the codes of each edited `blk.N.ffn_down.weight` changed so that the keys of the
/// updates get what they should, and the keys of running text feel as little else as can be had: the rounding of every
/// weight is chosen with the others of its row in view. No key and no other byte changes: what was written is told by
/// the fingerprint alone. `moments`: of the edited blocks, any or none. Memory: two f × f matrices of floats, one
/// edited tensor. Errors: usage (`path` is the base itself, no update), bad_model (a tensor that is missing, of another
/// size, or of a type without codes here), io, out_of_memory. On failure `path` is what it was.
[[nodiscard]] Result<std::vector<FlippedTensor>> write_same_type(const std::filesystem::path& path,
                                                                 const gguf::File& base,
                                                                 std::span<const RankOneUpdate> updates,
                                                                 std::span<const KeyMoment> moments, int threads = 0);

}  // namespace mobiedit
