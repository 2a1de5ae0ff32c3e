// How much running text feels a change of what leaves a block, by its direction: a value that is as short as can be in
// this metric does the least to everything else (docs/method.md).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

/// H [d, d] = E[g gᵀ], g the gradient of a token's likelihood, drawn from the model itself, by what left the block at a
/// token before it: to second order δ there costs ½ δᵀHδ nats. What is held is A = (H + floor)^-½, symmetric, scaled so
/// that the mean direction keeps its length: δ = A z is long where text looks least.
class FisherMetric {
 public:
  /// From the gradients of running text. The tape begins behind block `layer`. Errors: usage (too little text),
  /// cancelled, out_of_memory.
  static Result<FisherMetric> from_text(ForwardPass& forward, Tape& tape, const PassOptions& pass,
                                        const Tokenizer& tokenizer, std::string_view text, int layer,
                                        const CancelToken& cancel);
  /// From H itself, [d, d]. Errors: usage (not finite, or nothing in it).
  static Result<FisherMetric> from_moment(std::span<const float> moment, int d);
  /// Errors: io, bad_model (not such a file, or damaged).
  static Result<FisherMetric> read(const std::string& path, int d);
  [[nodiscard]] Status write(const std::string& path) const;

  /// out [n, d] = rows [n, d] A, which is its own transpose. `rows` and `out` must not overlap.
  void through(std::span<const float> rows, std::span<float> out) const;
  [[nodiscard]] int dimension() const { return d_; }

 private:
  FisherMetric(std::vector<float> a, int d) : a_(std::move(a)), d_(d) {}
  std::vector<float> a_;  // [d, d]
  int d_;
};

}  // namespace mobiedit
