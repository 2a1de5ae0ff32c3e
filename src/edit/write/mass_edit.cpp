#include "edit/write/mass_edit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <optional>

#include "kernels/vector_ops.h"

namespace mobiedit {

namespace {

// What a context counts for, by where it stands: the bare one first.
float weight_of(std::size_t context, std::size_t others) {
  return context == 0 ? 1.0f : 1.0f / static_cast<float>(others);
}

// All contexts in one pass, up to the subject's last token: each pass reads every weight. Without `last` it leaves once
// the keys are known.
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
    const float weight = weight_of(i, others);
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

std::vector<float> joint_directions(std::span<const float> keys, std::span<const float> solved,
                                    std::span<const int> owner, int edits, double ridge) {
  const auto n = static_cast<Eigen::Index>(owner.size());
  const auto f = static_cast<Eigen::Index>(keys.size()) / n;
  const Eigen::MatrixXd k = Eigen::Map<const Eigen::MatrixXf>(keys.data(), f, n).cast<double>();
  const Eigen::MatrixXd a = Eigen::Map<const Eigen::MatrixXf>(solved.data(), f, n).cast<double>();
  // (S⁻¹·ridge + K Kᵀ)⁻¹ K = S K (KᵀS K + ridge)⁻¹: as large as there are keys, not as keys are long.
  Eigen::MatrixXd gram = k.transpose() * a;
  gram = 0.5 * (gram + gram.transpose()).eval();
  gram.diagonal().array() += ridge;
  Eigen::MatrixXd owned = Eigen::MatrixXd::Zero(n, edits);
  for (Eigen::Index i = 0; i < n; ++i) owned(i, owner[static_cast<std::size_t>(i)]) = 1;
  const Eigen::MatrixXf directions = (a * gram.ldlt().solve(owned)).cast<float>();
  return {directions.data(), directions.data() + directions.size()};
}

}  // namespace mobiedit
