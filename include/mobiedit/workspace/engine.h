// The engine: open models and worker threads, shared by any number of workspaces, sessions and editors.
#pragma once

#include <filesystem>
#include <memory>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Opens each model file once, and has one pool of worker threads. Copies share one state. Any thread may call it.
class Engine {
 public:
  /// threads <= 0: one for each processor.
  explicit Engine(int threads = 0);

  /// The model in a file. While anyone holds it, every call for the same file, by whatever path, returns the same
  /// object; a file that changed meanwhile is another. Callers that come while the file is being read wait for it.
  /// Errors: as Model::open.
  [[nodiscard]] Result<std::shared_ptr<const Model>> open(const std::filesystem::path& path,
                                                          Precision precision = Precision::automatic) const;

  /// Checks that edits of a model with these options fit into memory, before anything is loaded. Errors: out_of_memory,
  /// with both figures; io, bad_model.
  [[nodiscard]] static Status check_memory(const std::filesystem::path& model, const EditOptions& options);

  /// For SessionOptions::pool and EditOptions::pool.
  [[nodiscard]] const std::shared_ptr<ThreadPool>& pool() const;
  [[nodiscard]] int threads() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mobiedit
