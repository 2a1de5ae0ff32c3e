// Merged model of the base's types and size: writing edits changes integer codes only, scales stay.
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

/// Result for one tensor.
struct FlippedTensor {
  std::string name;
  gguf::TensorType type;
  std::uint64_t codes = 0;    ///< of the tensor
  std::uint64_t changed = 0;  ///< codes that changed
  double update_error = 0;    ///< largest ‖(W_written − W_wanted) k‖ / ‖left‖ over the updates, k the key of each
  double side_effect = 0;     ///< E‖(W_written − W_wanted) k‖² / E‖(W_wanted − W) k‖² over running text, the root of it
};

/// Copies `base` to `path` with changed codes in each edited `blk.N.ffn_down.weight`. The keys of the updates get their
/// outputs, and the outputs for keys of running text change as little as possible: the codes of a row are chosen
/// jointly. No GGUF key and no other byte changes, so only the fingerprint tells the file from its base. `moments`: key
/// moments of the edited layers, any or none. Memory: two f × f matrices of floats, one edited tensor. Errors: usage
/// (`path` is the base itself, no update), bad_model (a tensor that is missing, of another size, or of a type without
/// codes), io, out_of_memory. On failure `path` is unchanged.
[[nodiscard]] Result<std::vector<FlippedTensor>> write_same_type(const std::filesystem::path& path,
                                                                 const gguf::File& base,
                                                                 std::span<const RankOneUpdate> updates,
                                                                 std::span<const KeyMoment> moments, int threads = 0);

}  // namespace mobiedit
