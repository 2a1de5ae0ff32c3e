#include "edit/rank_one.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "mobiedit/edit/editor.h"

namespace mobiedit {

RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                       std::span<const float> key) {
  double whole = 0;
  for (std::size_t i = 0; i < right.size(); ++i) whole += double{right[i]} * key[i];
  RankOneUpdate update{block, {delta.begin(), delta.end()}, {right.begin(), right.end()}};
  for (float& x : update.right) x = static_cast<float>(x / whole);
  return update;
}

std::vector<float> common_direction(std::span<const float> keys, std::span<const float> solved, int n) {
  // Contexts whose keys are nearly one would otherwise be told apart by their noise.
  constexpr double ridge = 0.02;
  const auto f = static_cast<Eigen::Index>(keys.size()) / n;
  const Eigen::Map<const Eigen::MatrixXf> k(keys.data(), f, n), a(solved.data(), f, n);
  Eigen::MatrixXd gram = (k.transpose() * a).cast<double>();
  gram = 0.5 * (gram + gram.transpose()).eval();
  gram.diagonal().array() += ridge * gram.trace() / n;
  const Eigen::VectorXd w = gram.llt().solve(Eigen::VectorXd::Ones(n));
  std::vector<float> u(static_cast<std::size_t>(f));
  Eigen::Map<Eigen::VectorXf>(u.data(), f) = a * w.cast<float>();
  return u;
}

LowRankDelta to_low_rank(const RankOneUpdate& update) {
  return {"blk." + std::to_string(update.block) + ".ffn_down.weight", 1, update.right, update.left, 1.0f};
}

}  // namespace mobiedit
