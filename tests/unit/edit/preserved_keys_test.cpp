// Keeping off earlier keys: the running formula against the algebra that it stands for.
#include "edit/write/preserved_keys.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "unit/edit/random_matrix.h"

namespace mobiedit {
namespace {

constexpr int f = 16;

struct Space {
  Space() {
    const Eigen::MatrixXf root = random_matrix(f, 3 * f, 2);
    s = root * root.transpose() / (3 * f);
  }
  Eigen::MatrixXf s;
};

// S − S K (KᵀS K + R)⁻¹ KᵀS solved outright in float64; ours has float32 in and out: 1e-4 of the largest entry.
TEST(PreservedKeys, TakeOffIsTheFormula) {
  constexpr double ridge = 0.05;
  const Space space;
  const Eigen::MatrixXf k = random_matrix(f, 5, 1), x = random_matrix(f, 2, 3);
  const Eigen::MatrixXf a = space.s * k;
  PreservedKeys kept(ridge);
  kept.add(span_of(a).first(0), {}, f);
  kept.add(span_of(k).first(3 * f), span_of(a).first(3 * f), f);
  kept.add(span_of(k).subspan(3 * f), span_of(a).subspan(3 * f), f);
  ASSERT_EQ(kept.size(), 5u);
  Eigen::MatrixXf solved = space.s * x;
  kept.constrain(span_of(x), {solved.data(), static_cast<std::size_t>(solved.size())}, f);

  const Eigen::MatrixXd kd = k.cast<double>(), s = space.s.cast<double>();
  Eigen::MatrixXd gram = kd.transpose() * s * kd;
  gram.diagonal() *= 1 + ridge;
  const Eigen::MatrixXd expected =
      s * x.cast<double>() - s * kd * gram.ldlt().solve(kd.transpose() * s * x.cast<double>());
  EXPECT_LT((solved.cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-4 * expected.cwiseAbs().maxCoeff());
  // And that is what it is for: what is joined to an earlier key has shrunk.
  const Eigen::MatrixXf plain = space.s * x;
  EXPECT_LT((k.transpose() * solved).norm(), 0.3 * (k.transpose() * plain).norm());
}

// A key that is one of the earlier ones, all but its length, is written to as if that one had not been.
TEST(PreservedKeys, OfTheSameSubjectIsNotCounted) {
  const Space space;
  const Eigen::MatrixXf k = random_matrix(f, 4, 1);
  const Eigen::MatrixXf a = space.s * k, others = k.rightCols(3), a_others = a.rightCols(3),
                        again = 1.5f * k.leftCols(1);
  PreservedKeys all(0.05), without(0.05);
  all.add(span_of(k), span_of(a), f);
  without.add(span_of(others), span_of(a_others), f);
  Eigen::MatrixXf one = space.s * again, other = one;
  all.constrain(span_of(again), {one.data(), f}, f);
  without.constrain(span_of(again), {other.data(), f}, f);
  EXPECT_LT((one - other).cwiseAbs().maxCoeff(), 1e-4 * other.cwiseAbs().maxCoeff());
  EXPECT_GT(one.norm(), 0.1 * a.col(0).norm());
}

}  // namespace
}  // namespace mobiedit
