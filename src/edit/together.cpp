#include "edit/together.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "kernels/vector_ops.h"

namespace mobiedit {

std::vector<float> subject_keys(Forward& forward, const ContextSet& contexts, int layer) {
  const auto f = static_cast<std::size_t>(forward.config().f), d = static_cast<std::size_t>(forward.config().d);
  std::vector<float> keys(2 * f, 0.0f), residual, all;
  const std::size_t others = contexts.prompts.size() - 1;
  for (std::size_t i = 0; i < contexts.prompts.size(); ++i) {
    const Context& context = contexts.prompts[i];
    const auto rows = static_cast<std::size_t>(context.subject_last) + 1;
    residual.resize(rows * d);
    all.resize(rows * f);
    forward.embed(std::span(context.tokens).first(rows), residual.data());
    const BatchSequence sequence{nullptr, 0, static_cast<int>(rows), nullptr};
    const Capture capture{layer, all.data(), nullptr, true};
    forward.run_blocks(0, layer + 1, residual.data(), {&sequence, 1}, {}, &capture);
    const std::span<const float> key{all.data() + (rows - 1) * f, f};
    if (i == 0) kernels::axpy(1.0f, key, std::span(keys).first(f));
    if (i > 0 || others == 0)
      kernels::axpy(1.0f / static_cast<float>(std::max<std::size_t>(others, 1)), key, std::span(keys).subspan(f));
  }
  return keys;
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

Unused::Unused(const Covariance& covariance, double share) {
  const std::vector<float> matrix = covariance.matrix();
  const auto f = static_cast<Eigen::Index>(covariance.length());
  f_ = static_cast<std::size_t>(f);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(Eigen::Map<const Eigen::MatrixXf>(matrix.data(), f, f));
  const Eigen::VectorXf& values = solver.eigenvalues();  // ascending
  double left = share * values.cast<double>().sum();
  while (dimension_ < f && left >= values[dimension_]) left -= values[dimension_++];
  const Eigen::MatrixXf used = solver.eigenvectors().rightCols(f - dimension_);
  used_.assign(used.data(), used.data() + used.size());
}

std::vector<float> Unused::project(std::span<const float> keys) const {
  const auto f = static_cast<Eigen::Index>(f_), n = static_cast<Eigen::Index>(keys.size()) / f;
  const Eigen::Map<const Eigen::MatrixXf> k(keys.data(), f, n), used(used_.data(), f, f - dimension_);
  const Eigen::MatrixXf projected = k - used * (used.transpose() * k);
  return {projected.data(), projected.data() + projected.size()};
}

}  // namespace mobiedit
