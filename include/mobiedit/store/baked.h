// Merged model: a whole model with edits written into its weights, for programs that cannot load an adapter.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/types.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

struct BakeOptions {
  /// The type of every edited tensor. Without it, each tensor gets the smallest type that keeps its updates, since a
  /// coarse type rounds them away: its own in the base, if that can be written, else Q8_0, F16 or F32. None is smaller
  /// than the base's.
  std::optional<gguf::TensorType> type;
};

/// Result for one tensor.
struct BakedTensor {
  std::string name;
  gguf::TensorType before;
  gguf::TensorType after;
  double update_error =
      0;  ///< largest ‖(W_written − W_wanted) r‖ / ‖left (right·r)‖ over the updates, r = right/‖right‖
};

/// Copies `base` to `path` with the updates added to their `blk.N.ffn_down.weight`; every other tensor keeps its bytes,
/// and every key its value; `mobiedit.` keys are added, after the edits that the base says it already has. Memory: one
/// edited tensor at a time, in its new type. Errors: usage (`path` is the base itself, no update), bad_model (no such
/// tensor in the base, other sizes), io, out_of_memory. On failure `path` is unchanged.
[[nodiscard]] Result<std::vector<BakedTensor>> write_baked(const std::filesystem::path& path, const gguf::File& base,
                                                           std::span<const RankOneUpdate> updates,
                                                           const Provenance& provenance,
                                                           const BakeOptions& options = {});

/// Adds low-rank deltas of any matrices instead; each of their ranks is an update l rᵀ, and those that are zero do not
/// count. A row that no update changes keeps its bytes where the tensor keeps its type.
[[nodiscard]] Result<std::vector<BakedTensor>> write_baked(const std::filesystem::path& path, const gguf::File& base,
                                                           std::span<const LowRankDelta> deltas,
                                                           const Provenance& provenance,
                                                           const BakeOptions& options = {});

}  // namespace mobiedit
