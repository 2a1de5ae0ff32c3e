// Key covariance of a layer: the uncentred second moment C = E[k kᵀ] of its keys over running text (ROME).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// Holds the Cholesky factor of C + ridge·mean(diag C)·I, for all edits of the layer. Read from a file it stays there
/// and takes next to no memory; just measured it takes 4·f² bytes. Immutable.
class KeyCovariance {
 public:
  /// Version of the measurement and of the layout of add_to().
  static constexpr const char* kind = "key-covariance";
  static constexpr std::uint32_t version = 1;

  /// Cuts the text into chunks of at most 256 tokens and runs them through layers 0 to `layer`, with the
  /// deltas of `pass` in force. Errors: usage (fewer tokens than keys are long), cancelled, out_of_memory.
  [[nodiscard]] static Result<KeyCovariance> from_text(ForwardPass& forward, const PassOptions& pass,
                                                       const Tokenizer& tokenizer, std::string_view text, int layer,
                                                       const CancelToken& cancel);
  /// From independent rows of tokens, however few they are: the ridge grows as they get fewer. Errors: usage (no rows,
  /// too uniform ones), cancelled, out_of_memory.
  [[nodiscard]] static Result<KeyCovariance> from_rows(ForwardPass& forward, const PassOptions& pass,
                                                       std::span<const std::span<const Token>> rows, int layer,
                                                       const CancelToken& cancel);
  /// Reads add_to()'s values for keys of length f, and keeps the file. Nothing if they are missing or damaged. Throws
  /// std::bad_alloc.
  [[nodiscard]] static std::optional<KeyCovariance> from_file(gguf::File file, int f);
  /// Adds the factor to a file; borrowed until the file is written.
  void add_to(gguf::Writer& file) const;

  KeyCovariance(KeyCovariance&&) noexcept;
  KeyCovariance& operator=(KeyCovariance&&) noexcept;
  ~KeyCovariance();

  /// C⁻¹ k of each of `keys` [n, f], as [n, f]. Reads the factor twice, however many keys there are.
  [[nodiscard]] std::vector<float> solve(std::span<const float> keys) const;
  /// C with its ridge, [f, f].
  [[nodiscard]] std::vector<float> matrix() const;
  [[nodiscard]] int length() const;  ///< f
  [[nodiscard]] int tokens() const;  ///< number of tokens that C was measured on

 private:
  struct Factor;
  explicit KeyCovariance(std::unique_ptr<Factor> factor);
  std::unique_ptr<Factor> factor_;
};

}  // namespace mobiedit
