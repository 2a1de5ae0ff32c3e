#include "edit/write/neuron_inputs.h"

namespace mobiedit {
namespace {

constexpr std::size_t rows_at_once = 256;

}  // namespace

Result<std::vector<std::vector<float>>> neuron_inputs(ForwardPass& forward, const PassOptions& pass,
                                                      std::span<const std::span<const Token>> texts, int layer,
                                                      const CancelToken& cancel) {
  const auto d = static_cast<std::size_t>(forward.config().d);
  std::vector<std::vector<float>> all(texts.size());
  for (std::size_t begin = 0, end = 0; begin < texts.size(); begin = end) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    while (end < texts.size() && (end == begin || tokens.size() + texts[end].size() <= rows_at_once)) {
      tokens.insert(tokens.end(), texts[end].begin(), texts[end].end());
      sequences.push_back({nullptr, 0, static_cast<int>(texts[end].size()), nullptr});
      ++end;
    }
    std::vector<float> residual(tokens.size() * d), inputs(tokens.size() * d);
    forward.embed(tokens, residual);
    const Capture capture{.layer = layer, .inputs = inputs.data(), .stop_at_inputs = true};
    forward.run_layers({0, layer + 1}, residual, sequences, pass.with_capture(capture));
    auto at = inputs.begin();
    for (std::size_t i = begin; i < end; ++i) {
      const auto size = static_cast<std::ptrdiff_t>(texts[i].size() * d);
      all[i].assign(at, at + size);
      at += size;
    }
  }
  return all;
}

}  // namespace mobiedit
