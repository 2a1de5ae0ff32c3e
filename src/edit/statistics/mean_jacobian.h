// How a change of a subject's value moves what the model is about to say, on average over sentences: a map that is
// measured once, by forward passes, and tells every search where to look first.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

/// M [d, d] ≈ E[∂h/∂δ]: δ added to the residual that leaves the block at the last token of a name, h the normed final
/// state a few tokens later, where the sentence's last word is predicted. Mᵀ(W_U[new] − W_U[old]) has a cosine of 0.2
/// to 0.4 with the true gradient, as good as an estimate from 30 to 80 random directions (docs/method.md).
class MeanJacobian {
 public:
  /// Least squares over random δ in sentences of the text that hold a name. Errors: usage (too few such sentences),
  /// cancelled, out_of_memory.
  static Result<MeanJacobian> from_text(ForwardPass& forward, const PassOptions& pass, const Tokenizer& tokenizer,
                                        std::string_view text, int layer, const CancelToken& cancel);
  /// Errors: io, bad_model (not such a file, or damaged).
  static Result<MeanJacobian> read(const std::string& path, int d);
  [[nodiscard]] Status write(const std::string& path) const;

  /// out [n, d] = rows [n, d] M: how the logits of output rows move with δ.
  void through(std::span<const float> rows, std::span<float> out) const;

 private:
  explicit MeanJacobian(std::vector<float> m) : m_(std::move(m)) {}
  std::vector<float> m_;  // [d, d], row by row: row i gives h_i
};

}  // namespace mobiedit
