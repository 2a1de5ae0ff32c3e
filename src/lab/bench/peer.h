// llama.cpp's own measurement of a file, where llama-bench is installed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// One of `prompt` and `generated` is 0.
struct PeerReading {
  int prompt = 0;     ///< tokens read at once
  int generated = 0;  ///< tokens read one by one
  int depth = 0;      ///< tokens in the context before them
};

/// Keeps a file from outliving an interruption: see BenchObserver::guard.
using FileGuard = std::function<std::shared_ptr<void>(const std::filesystem::path&)>;

class Peer {
 public:
  /// The program of $MOBIEDIT_PEER, the root that tools/peer-setup makes (entering it needs root rights), or of PATH.
  /// Nothing if neither has it.
  [[nodiscard]] static std::optional<Peer> find(FileGuard guard);

  /// "llama-bench", with the root that it lies in.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Tokens per second with `threads` threads, the best of two. Errors: other (it ended with an error, or its output is
  /// not llama-bench's), io.
  [[nodiscard]] Result<double> tokens_per_second(const std::filesystem::path& model, const PeerReading& reading,
                                                 int threads) const;

 private:
  FileGuard guard_;
  std::string name_;
  std::filesystem::path root_;  ///< empty: on PATH
};

}  // namespace mobiedit
