#include "search/softmax_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace mobiedit {
namespace {

SoftmaxModel random_model(int rows, int width, int directions, double penalty) {
  SoftmaxModel m;
  Random random(11);
  const auto fill = [&](auto& x, float scale) {
    random.fill_normal({x.data(), static_cast<std::size_t>(x.size())});
    x *= scale;
  };
  m.logits.resize(rows * width);
  m.jacobian.resize(rows * width, directions);
  m.offset.resize(directions);
  fill(m.logits, 4);
  fill(m.jacobian, 1);
  fill(m.offset, 1);
  m.penalty = penalty;
  for (int r = 0; r < rows; ++r) {
    Eigen::VectorXf wanted = Eigen::VectorXf::Zero(width);
    wanted[r % width] = 1;
    m.rows.push_back({1.0 / rows, wanted});
  }
  return m;
}

// The problem is convex, so a point whose whole neighbourhood is no lower is the minimum.
void expect_minimum(const SoftmaxModel& m) {
  const Eigen::VectorXf best = m.minimise(1e6);
  const double lowest = m.value(best);
  EXPECT_LT(lowest, 0.8 * m.value(Eigen::VectorXf::Zero(5)));
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    Eigen::VectorXf step(5);
    random.fill_normal({step.data(), 5});
    // Newton stops when a step gains less than 1e-5 of the value.
    EXPECT_GT(m.value(best + 0.05f * step), lowest * (1 - 1e-4));
  }
}

TEST(SoftmaxModel, FindsTheMinimum) {
  expect_minimum(random_model(6, 20, 5, 0.01));
}

TEST(SoftmaxModel, AvoidsARiskyDirection) {
  SoftmaxModel m = random_model(6, 20, 5, 0.01);
  const float free = std::abs(m.minimise(1e6)[2]);
  m.risk = Eigen::MatrixXf::Zero(5, 5);
  m.risk(2, 2) = 10;
  expect_minimum(m);
  // The charge is some hundred times the curvature of the loss, which is that of six averaged rows.
  EXPECT_LT(std::abs(m.minimise(1e6)[2]), 0.1f * free);
}

TEST(SoftmaxModel, KeepsToTheRadius) {
  const SoftmaxModel m = random_model(6, 20, 5, 0.0);
  const double far = m.minimise(1e6).norm();
  double before = m.value(Eigen::VectorXf::Zero(5));
  for (const double radius : {0.01, 0.1, 0.5}) {
    ASSERT_LT(radius, far);
    const Eigen::VectorXf a = m.minimise(radius);
    EXPECT_LE(a.norm(), radius * 1.0001);
    EXPECT_GT(a.norm(), 0.5 * radius);
    EXPECT_LT(m.value(a), before);
    before = m.value(a);
  }
}

}  // namespace
}  // namespace mobiedit
