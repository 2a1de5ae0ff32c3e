// Fisher metric of running text at a layer's output: how much a change there costs other text (natural gradient).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// H [d, d] = E[g gᵀ], with g the gradient of a token's likelihood by the layer's output at a token before it, and the
/// token drawn from the model. To second order a change δ costs ½ δᵀHδ nats. The class holds A = (H + floor)^-½,
/// symmetric and scaled so that the mean direction keeps its length. δ = A z is long in the directions that cost other
/// text little. Immutable.
class FisherMetric {
 public:
  /// Version of the measurement and of the layout of add_to().
  static constexpr const char* kind = "fisher-metric";
  static constexpr std::uint32_t version = 1;

  /// Measures gradients on the text. The tape begins at layer + 1. Errors: usage (too little text), cancelled,
  /// out_of_memory.
  [[nodiscard]] static Result<FisherMetric> from_text(ForwardPass& forward, Tape& tape, const PassOptions& pass,
                                                      const Tokenizer& tokenizer, std::string_view text, int layer,
                                                      const CancelToken& cancel);
  /// Makes the metric from a known H, [d, d]. Errors: usage (not finite, or zero).
  [[nodiscard]] static Result<FisherMetric> from_moment(std::span<const float> moment, int d);
  /// Reads add_to()'s values; nothing if they are missing or damaged. Throws std::bad_alloc.
  [[nodiscard]] static std::optional<FisherMetric> from_file(const gguf::File& file, int d);
  /// Adds the values to a file; borrowed until the file is written.
  void add_to(gguf::Writer& file) const;

  /// out [n, d] = rows [n, d] A. `rows` and `out` must not overlap.
  void through(std::span<const float> rows, std::span<float> out) const;
  [[nodiscard]] int dimension() const { return d_; }

 private:
  FisherMetric(std::vector<float> a, int d) : a_(std::move(a)), d_(d) {}
  std::vector<float> a_;  // [d, d]
  int d_;
};

}  // namespace mobiedit
