// Adapter files for a session, each with its scale.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

struct AdapterFile {
  std::string path;
  float scale = 1;
};

/// Reads the text FILE[:SCALE]; the name of a file may contain colons. Errors: usage (the required scale is missing or
/// no number).
[[nodiscard]] Result<AdapterFile> adapter_file(const std::string& text, bool scale_required);

/// Reads the adapters. Warns of one that was made for another file of the model's shape. Errors: as read_adapter and
/// check_adapter.
[[nodiscard]] Result<std::vector<LowRankDelta>> load_adapters(const Model& model, std::span<const AdapterFile> files,
                                                              const std::function<void(std::string_view)>& warn);

}  // namespace mobiedit
