// Observer of a bench: hears of its progress, guards its files.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "mobiedit/model/model.h"

namespace mobiedit {

/// All functions are set.
struct BenchObserver {
  std::function<void(const std::string&)> say;
  std::function<void(const std::string&)> warn;
  std::function<void(const Model&)> opened;  ///< called after a model was opened
  /// While the returned object lives, an interruption of the process removes the file.
  std::function<std::shared_ptr<void>(const std::filesystem::path&)> guard;
};

}  // namespace mobiedit
