#include "edit/write/rank_one.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "kernels/double_ops.h"
#include "mobiedit/edit/update.h"

namespace mobiedit {

RankOneUpdate rank_one(int block, std::span<const float> delta, std::span<const float> right,
                       std::span<const float> key) {
  const double whole = kernels::dot_in_double(right, key);
  RankOneUpdate update{block, {delta.begin(), delta.end()}, {right.begin(), right.end()}};
  for (float& x : update.right) x = static_cast<float>(x / whole);
  return update;
}

std::vector<float> common_direction(std::span<const float> keys, std::span<const float> solved, int n) {
  // Without a ridge, nearly equal keys would be told apart by their noise.
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

double norm_of(std::span<const RankOneUpdate* const> updates) {
  if (updates.empty()) return 0;
  const auto n = static_cast<Eigen::Index>(updates.size());
  const auto d = static_cast<Eigen::Index>(updates[0]->left.size());
  const auto f = static_cast<Eigen::Index>(updates[0]->right.size());
  Eigen::MatrixXf left(d, n), right(f, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const RankOneUpdate& update = *updates[static_cast<std::size_t>(i)];
    left.col(i) = Eigen::Map<const Eigen::VectorXf>(update.left.data(), d);
    right.col(i) = Eigen::Map<const Eigen::VectorXf>(update.right.data(), f);
  }
  // Few updates: the sum over pairs of (lᵢ·lⱼ)(rᵢ·rⱼ), in n² (d + f) steps. Many: rows of the sum itself, in n d f.
  constexpr Eigen::Index tile = 64;
  double square = 0;
  if (n < d * f / (d + f)) {
    square = (left.transpose() * left).cast<double>().cwiseProduct((right.transpose() * right).cast<double>()).sum();
  } else {
    for (Eigen::Index row = 0; row < d; row += tile) {
      const Eigen::Index rows = std::min(tile, d - row);
      square += (left.middleRows(row, rows) * right.transpose()).cast<double>().squaredNorm();
    }
  }
  return std::sqrt(std::max(0.0, square));
}

LowRankDelta to_low_rank(const RankOneUpdate& update) {
  return {"blk." + std::to_string(update.block) + ".ffn_down.weight", 1, update.right, update.left, 1.0f};
}

}  // namespace mobiedit
