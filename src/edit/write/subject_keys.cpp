#include "edit/write/subject_keys.h"

#include <optional>

#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

// Reads all contexts up to the subject's last token in one pass, as each pass reads every weight. Without `last` it
// ends once the keys are known.
SubjectState read_subject(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts, int layer,
                          std::optional<int> last) {
  const auto f = static_cast<std::size_t>(forward.config().f), d = static_cast<std::size_t>(forward.config().d);
  std::vector<Token> tokens;
  std::vector<BatchSequence> sequences;
  for (const Context& context : contexts.prompts) {
    const int rows = context.subject_last + 1;
    tokens.insert(tokens.end(), context.tokens.begin(), context.tokens.begin() + rows);
    sequences.push_back({nullptr, 0, rows, nullptr});
  }
  std::vector<float> residual(tokens.size() * d), all(tokens.size() * f);
  forward.embed(tokens, residual);
  const Capture capture{layer, all.data(), nullptr, !last};
  forward.run_layers({0, last.value_or(layer) + 1}, residual, sequences, pass.with_capture(capture));

  SubjectState state{std::vector<float>(2 * f, 0.0f), std::vector<float>(last ? d : 0, 0.0f)};
  const std::size_t others = contexts.prompts.size() - 1;
  std::size_t end = 0;
  for (std::size_t i = 0; i < contexts.prompts.size(); ++i) {
    end += static_cast<std::size_t>(sequences[i].rows);
    const std::span<const float> key{all.data() + (end - 1) * f, f};
    const float weight = i == 0 ? 1.0f : 1.0f / static_cast<float>(others);
    if (i == 0) kernels::axpy(1.0f, key, std::span(state.keys).first(f));
    if (i > 0 || others == 0) kernels::axpy(weight, key, std::span(state.keys).subspan(f));
    if (last) kernels::axpy(others == 0 ? 1.0f : 0.5f * weight, {residual.data() + (end - 1) * d, d}, state.residual);
  }
  return state;
}

}  // namespace

std::vector<float> subject_keys(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts, int layer) {
  return read_subject(forward, pass, contexts, layer, {}).keys;
}

SubjectState subject_state(ForwardPass& forward, const PassOptions& pass, const ContextSet& contexts, int layer,
                           int last) {
  return read_subject(forward, pass, contexts, layer, last);
}

}  // namespace mobiedit
