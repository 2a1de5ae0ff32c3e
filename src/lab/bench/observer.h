// The ears of a bench: told about its progress.
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
  std::function<void(const Model&)> opened;  ///< a model was opened
  /// As long as the returned object lives, an interruption of the process removes the file.
  std::function<std::shared_ptr<void>(const std::filesystem::path&)> guard;
};

}  // namespace mobiedit
