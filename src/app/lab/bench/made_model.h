// A model file to measure: one of a real model's shape, written for the occasion and removed after it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct MadeModelOptions {
  std::string type = "q8_0";
  std::string folder;
  std::uint64_t seed = 0;
  bool keep = false;
};

/// --type, --folder, --seed, --keep.
void add_made_model_options(CLI::App& verb, MadeModelOptions& options);
/// What --shape takes.
[[nodiscard]] std::vector<std::string> names_of_shapes();

class MadeModel {
 public:
  /// Writes `folder`/SHAPE-TYPE.gguf with seeded random weights; says so on stderr. A file that is there already is
  /// used and stays. Errors: usage (no folder), io, cancelled.
  [[nodiscard]] static Result<MadeModel> make(const std::string& shape, const MadeModelOptions& options,
                                              const CancelToken& cancel);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  class RemoveAtEnd;
  explicit MadeModel(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::shared_ptr<RemoveAtEnd> remove_;  ///< null: it stays
};

}  // namespace mobiedit::cli
