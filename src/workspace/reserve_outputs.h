// Outputs of a job that teaches, reserved before the search begins.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/workspace/observer.h"
#include "mobiedit/workspace/teach.h"

namespace mobiedit {

struct OutputPlaces {
  std::filesystem::path base;     ///< the model that the edits are for
  std::filesystem::path adapter;  ///< empty: none is wanted
  std::filesystem::path model;    ///< empty: none is wanted
  std::vector<std::filesystem::path>
      inputs;  ///< further files that an output must not replace; empty paths are skipped
};

/// Sets TeachOptions::adapter and model, with room for `edits` edits. Errors: as OutputFile::reserve.
[[nodiscard]] Status reserve_outputs(const OutputPlaces& places, std::size_t edits, TeachOptions& options,
                                     WorkspaceObserver& observer);

}  // namespace mobiedit
