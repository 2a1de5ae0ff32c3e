// The observer of a workspace's jobs: progress, notes and warnings, for whatever front end there is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "mobiedit/base/cancel.h"
#include "mobiedit/edit/editor.h"

namespace mobiedit {

/// Every function is called by the thread that runs the job, and does nothing unless it is overridden.
class WorkspaceObserver {
 public:
  virtual ~WorkspaceObserver() = default;

  /// After each step of a search. `request` counts from 0.
  virtual void searching(std::size_t request, std::size_t requests, const std::string& subject,
                         const EditProgress& progress);
  /// Before each candidate layer of a trial, which is made once per model. `number` counts from 1.
  virtual void trying_layer(int layer, int number, int candidates);
  /// A sentence that every user may want to know.
  virtual void note(std::string_view text);
  /// A sentence for users who ask for more.
  virtual void detail(std::string_view text);
  virtual void warn(std::string_view text);
  /// A temporary file that the job removes itself: a process that must end at once may remove it instead. The result
  /// lives as long as the file.
  [[nodiscard]] virtual std::shared_ptr<void> temporary_file(const std::filesystem::path& path);
};

/// How a job is watched and stopped. The observer must outlive the job.
struct Job {
  WorkspaceObserver* observer = nullptr;  ///< may be null
  CancelToken cancel = {};
};

}  // namespace mobiedit
