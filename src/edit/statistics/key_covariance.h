// The uncentred second moment of a block's keys over running text, C = E[k kᵀ], and products with its inverse.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

/// A Cholesky factor of C + ridge·mean(diag C)·I, kept once and used by every edit of the block. One that was read
/// stays in its file and takes no memory to speak of; one that was just made takes 4·f² bytes.
class KeyCovariance {
 public:
  /// Runs the text, cut into rows of the model's context, through blocks ≤ layer. Errors: usage (fewer tokens than keys
  /// are long), cancelled, out_of_memory.
  static Result<KeyCovariance> from_text(ForwardPass& forward, const PassOptions& pass, const Tokenizer& tokenizer,
                                         std::string_view text, int layer, const CancelToken& cancel);
  /// Errors: io, bad_model (not such a file, or damaged).
  static Result<KeyCovariance> read(const std::string& path, int f);
  [[nodiscard]] Status write(const std::string& path) const;

  KeyCovariance(KeyCovariance&&) noexcept;
  KeyCovariance& operator=(KeyCovariance&&) noexcept;
  ~KeyCovariance();

  /// C⁻¹ k of each key: [n, f] of [n, f]. One pass over the factor for all of them.
  [[nodiscard]] std::vector<float> solve(std::span<const float> keys) const;
  /// C with its ridge, [f, f].
  [[nodiscard]] std::vector<float> matrix() const;
  [[nodiscard]] int length() const;  ///< f
  /// Of the text that C was measured on.
  [[nodiscard]] int tokens() const;

 private:
  struct Factor;
  explicit KeyCovariance(std::unique_ptr<Factor> factor);
  std::unique_ptr<Factor> factor_;
};

}  // namespace mobiedit
