// Many edits in one update: the algebra against what it is said to minimise.
#include "edit/together.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "unit/edit/random_matrix.h"

namespace mobiedit {
namespace {

// Against MEMIT's formula solved outright, (λC + K Kᵀ)⁻¹ K; float32 in and out, so 1e-4 of the largest entry.
TEST(Together, DirectionsAreMemits) {
  constexpr int f = 12, n = 6;
  constexpr double lambda = 0.7;
  const Eigen::MatrixXf k = random_matrix(f, n, 1), root = random_matrix(f, 3 * f, 2);
  const Eigen::MatrixXd c = (root * root.transpose() / (3 * f)).cast<double>();
  const Eigen::MatrixXf solved = c.llt().solve(k.cast<double>()).cast<float>();
  const std::vector<int> owner{0, 0, 1, 1, 2, 2};
  const auto directions = joint_directions(span_of(k), span_of(solved), owner, 3, lambda);

  const Eigen::MatrixXd kd = k.cast<double>();
  const Eigen::MatrixXd whole = (lambda * c + kd * kd.transpose()).ldlt().solve(kd);
  for (int e = 0; e < 3; ++e) {
    const Eigen::VectorXd expected = whole.col(2 * e) + whole.col(2 * e + 1);
    const Eigen::Map<const Eigen::VectorXf> ours(directions.data() + e * f, f);
    EXPECT_LT((ours.cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-4 * whole.cwiseAbs().maxCoeff());
  }
}

// With hardly any ridge every edit's keys give one of its own direction and none of the others'.
TEST(Together, EditsKeepOutOfEachOthersWay) {
  constexpr int f = 40, n = 10;
  const Eigen::MatrixXf k = random_matrix(f, n, 3);
  std::vector<int> owner;
  for (int i = 0; i < n; ++i) owner.push_back(i / 2);
  const auto directions = joint_directions(span_of(k), span_of(k), owner, n / 2, 1e-6);
  for (int i = 0; i < n; ++i)
    for (int e = 0; e < n / 2; ++e) {
      const Eigen::Map<const Eigen::VectorXf> u(directions.data() + e * f, f);
      EXPECT_NEAR(u.dot(k.col(i)), e == i / 2 ? 1 : 0, 1e-4);
    }
}

}  // namespace
}  // namespace mobiedit
