// Architecture table: one row per model family, one file per row.
#pragma once

#include <span>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/model/config.h"
#include "model/arch/keys.h"

namespace mobiedit {

/// Reads the family's own keys. `config` comes with all sizes, and with specs that hold what most families share: norms
/// before attention and feed-forward, SiLU, rotary positions in halves with the file's base and scaling, scores divided
/// by the root of the head's size. The function changes what differs. Errors: bad_model.
using ReadFamily = Status(const Keys& keys, ModelConfig& config);

struct Arch {
  std::string_view name;  ///< general.architecture
  ReadFamily* read;
  bool backward;  ///< a tape can compute gradients through its layers
};

[[nodiscard]] std::span<const Arch> architectures();
/// Null: there is no such family here.
[[nodiscard]] const Arch* find_architecture(std::string_view name);

}  // namespace mobiedit
