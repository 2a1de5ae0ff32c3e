// Mean Jacobian: how the final state moves, on average over sentences, with a change of a subject's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// Settings of the measurement: its time is in proportion to their product.
struct JacobianEffort {
  std::size_t sentences = 320;
  int probes = 32;  ///< probes per sentence; few, as M is a mean over sentences
};

/// M [d, d] ≈ E[∂h/∂δ]. δ is added to the layer's output at the last token of a name; h is the normed final state where
/// the sentence's last word is predicted. It is measured once per model and layer by forward passes, and gives every
/// search a first guess: Mᵀ(W_U[new] − W_U[old]) has a cosine of 0.2 to 0.4 with the true gradient. Immutable.
class MeanJacobian {
 public:
  /// Version of the measurement and of the layout of add_to().
  static constexpr const char* kind = "mean-jacobian";
  static constexpr std::uint32_t version = 1;

  /// Fits M by least squares to random δ in those sentences of the text that hold a name. Errors: usage (too few such
  /// sentences), cancelled, out_of_memory.
  [[nodiscard]] static Result<MeanJacobian> from_text(ForwardPass& forward, const PassOptions& pass,
                                                      const Tokenizer& tokenizer, std::string_view text, int layer,
                                                      const CancelToken& cancel, JacobianEffort effort = {});
  /// Reads add_to()'s values; nothing if they are missing or damaged. Throws std::bad_alloc.
  [[nodiscard]] static std::optional<MeanJacobian> from_file(const gguf::File& file, int d);
  /// Adds the values to a file; borrowed until the file is written.
  void add_to(gguf::Writer& file) const;

  /// out [n, d] = rows [n, d] M. For rows of the output weight: the gradients of their logits by δ.
  void through(std::span<const float> rows, std::span<float> out) const;

 private:
  explicit MeanJacobian(std::vector<float> m) : m_(std::move(m)) {}
  std::vector<float> m_;  // [d, d], row by row: row i gives h_i
};

}  // namespace mobiedit
