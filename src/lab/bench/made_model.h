// A model file to measure: of a real model's shape, written for the purpose and removed after it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lab/bench/observer.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct MadeModelOptions {
  std::string type = "q8_0";
  std::string folder;
  std::uint64_t seed = 0;
  bool keep = false;
};

/// The names that MadeModelOptions::type takes.
[[nodiscard]] std::vector<std::string> names_of_mixes();
/// The names of model_shapes().
[[nodiscard]] std::vector<std::string> names_of_shapes();

class MadeModel {
 public:
  /// Writes `folder`/SHAPE-TYPE.gguf with seeded random weights. A file that is there already is used and stays.
  /// Errors: usage (no folder), io, cancelled.
  [[nodiscard]] static Result<MadeModel> make(const std::string& shape, const MadeModelOptions& options,
                                              const BenchObserver& observer, const CancelToken& cancel);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  class RemoveAtEnd;
  explicit MadeModel(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::shared_ptr<RemoveAtEnd> remove_;  ///< null: the file stays
};

}  // namespace mobiedit
