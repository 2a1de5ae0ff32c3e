// llama.cpp's own measurement of a file, where llama-bench is there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit::cli {

class Peer {
 public:
  /// Of $MOBIEDIT_PEER, the root that tools/peer-setup makes (entering it needs root), or of PATH; neither: none.
  [[nodiscard]] static std::optional<Peer> find();

  /// "llama-bench", with the root that it lies in.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Reads `rows` tokens at once with `threads` threads: tokens a second, the best of two. Errors: other (it ended
  /// with an error, or what it printed is not what llama-bench prints), io.
  [[nodiscard]] Result<double> tokens_per_second(const std::filesystem::path& model, int rows, int threads) const;

 private:
  std::string name_;
  std::filesystem::path root_;  ///< empty: on PATH
};

}  // namespace mobiedit::cli
