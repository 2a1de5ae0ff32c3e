// LoRA adapters in llama.cpp's format: a small GGUF file beside an unchanged base model.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

struct Adapter {
  std::string architecture;          ///< general.architecture: must be the base model's
  std::string name;                  ///< general.name, may be empty
  std::vector<LowRankDelta> deltas;  ///< scale = alpha / rank, as llama.cpp computes it
  Provenance provenance;
};

/// The updates as deltas, one per layer in ascending order. Updates of one layer lie along its rank in the order given.
/// Every delta is padded with zeros to one common rank of at least 8, with scale 1: llama.cpp has one alpha for all
/// tensors, and its GPU kernels want no smaller rank. Errors: usage (no update, a negative layer, updates of one layer
/// with different sizes), out_of_memory.
[[nodiscard]] Result<std::vector<LowRankDelta>> stack_updates(std::span<const RankOneUpdate> updates);
[[nodiscard]] Result<std::vector<LowRankDelta>> stack_updates(std::span<const RankOneUpdate* const> updates);

/// Joins the deltas of each tensor along their rank, in the order given; tensors keep the order of their first delta.
/// Pads all with zeros as stack_updates does. Errors: usage (none; a scale other than 1; deltas of one tensor with
/// different sizes; a rank beyond what an adapter holds), out_of_memory.
[[nodiscard]] Result<std::vector<LowRankDelta>> join_deltas(std::span<const LowRankDelta> deltas);

/// Writes the updates as one adapter in F32, whole or not at all.
/// Errors: as stack_updates, and io. On failure `path` is unchanged.
[[nodiscard]] Status write_adapter(const std::filesystem::path& path, const std::string& architecture,
                                   const std::string& name, std::span<const RankOneUpdate> updates,
                                   const Provenance& provenance);

/// Writes deltas that stack_updates returned. Errors: usage (none, or of several ranks or scales), io, out_of_memory.
[[nodiscard]] Status write_adapter(const std::filesystem::path& path, const Adapter& adapter);

/// Returns true if the file is this adapter as write_adapter writes it: every number and the provenance of its edits.
/// Holds no second copy of the numbers. Errors: as read_adapter.
[[nodiscard]] Result<bool> holds_adapter(const std::filesystem::path& path, const Adapter& adapter);

/// Reads an adapter of any program: pairs of lora_a and lora_b in any readable tensor type.
/// Errors: io; bad_model (not an adapter, of another kind than LoRA, a tensor without its pair, shapes that do not fit
/// together, values that are not finite), out_of_memory.
[[nodiscard]] Result<Adapter> read_adapter(const std::filesystem::path& path);

/// Checks that the adapter belongs to this base: architecture, and for every delta a matrix of its name and shape.
/// Errors: bad_model, naming what differs; `where` is the adapter's path for the message.
[[nodiscard]] Status check_adapter(const Adapter& adapter, const gguf::File& base, const std::string& where);

}  // namespace mobiedit
