// Shows a workspace's jobs on the console.
#pragma once

#include <string>

#include "app/common/progress.h"
#include "mobiedit/workspace/observer.h"

namespace mobiedit::cli {

class ConsoleObserver : public WorkspaceObserver {
 public:
  /// `model`: as the user named it. Details are shown if `verbose`.
  ConsoleObserver(std::string model, bool verbose) : model_(std::move(model)), verbose_(verbose) {}

  void searching(std::size_t request, std::size_t requests, const std::string& subject,
                 const EditProgress& progress) override;
  void trying_layer(int layer, int number, int candidates) override;
  void note(std::string_view text) override;
  void detail(std::string_view text) override;
  void warn(std::string_view text) override;
  /// Leaving at once, by a second Ctrl+C, also removes the file.
  std::shared_ptr<void> temporary_file(const std::filesystem::path& path) override;
  /// Clears the progress line after the job, so that later output starts on an empty line.
  void clear() { progress_.clear(); }

 private:
  std::string model_;
  bool verbose_;
  ProgressLine progress_;
};

}  // namespace mobiedit::cli
