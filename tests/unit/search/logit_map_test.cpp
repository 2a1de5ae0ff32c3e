#include "search/logit_map.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/QR>

#include "base/random.h"

namespace mobiedit {
namespace {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

constexpr int d = 40, logits = 30;

Matrix random_matrix(int rows, int columns, std::uint64_t seed) {
  Matrix m(rows, columns);
  Random(seed).fill_normal({m.data(), static_cast<std::size_t>(m.size())});
  return m;
}
Matrix orthonormal(int columns, std::uint64_t seed) {
  return random_matrix(d, columns, seed).householderQr().householderQ() * Matrix::Identity(d, columns);
}
// The map's prediction for a step, through its reduction to the step's own direction.
Vector predicted(const LogitMap& map, const Vector& step) {
  const LogitMap::Reduced r = map.reduced(step);
  return r.jacobian * (r.directions.transpose() * step);
}

// Sums of 40 products of numbers about 1 in float.
constexpr float close = 1e-4f;

TEST(LogitMap, TakesAMeasurementByItsGainAndLeavesTheRest) {
  const Matrix expected = random_matrix(logits, d, 1), truth = random_matrix(logits, d, 2), z = orthonormal(8, 3);
  LogitMap map(logits, d);
  map.expect(0, expected);
  Vector gain = Vector::Ones(8);
  gain[5] = 0.25f;
  map.observe(10, z, (truth * z).middleRows(10, 20), gain.asDiagonal() * z.transpose());
  for (int i = 0; i < 8; ++i) {
    const Vector now = predicted(map, z.col(i)), was = expected * z.col(i), is = truth * z.col(i);
    EXPECT_LT((now.head(10) - was.head(10)).norm(), close);
    EXPECT_LT((now.tail(20) - (was + gain[i] * (is - was)).tail(20)).norm(), close);
  }
  Vector other = random_matrix(d, 1, 4);
  other -= z * (z.transpose() * other);
  EXPECT_LT((predicted(map, other) - expected * other).norm(), close * other.norm());
}

TEST(LogitMap, PullsBackAndFades) {
  const Matrix rows = random_matrix(logits, d, 1);
  const Vector gradient = random_matrix(logits, 1, 2);
  LogitMap map(logits, d);
  map.expect(0, rows);
  EXPECT_LT((map.pull_back(gradient) - rows.transpose() * gradient).norm(), close * logits);
  EXPECT_LT((map.pull_back(4, gradient.head(6)) - rows.middleRows(4, 6).transpose() * gradient.head(6)).norm(),
            close * 6);
  map.fade(0.5f);
  EXPECT_LT((map.row(7) - 0.5f * rows.row(7).transpose()).norm(), close);
}

// The shortest step that moves some logits as asked lies in the span of their rows.
TEST(LogitMap, ReducesToTheSpanOfSomeRows) {
  const Matrix rows = random_matrix(logits, d, 1);
  LogitMap map(logits, d);
  map.expect(0, rows);
  const std::vector<Eigen::Index> chosen = {3, 17, 20};
  const Vector delta = random_matrix(d, 1, 2);
  Matrix span(d, 4);
  span.col(0) = delta;
  for (int i = 0; i < 3; ++i) span.col(i + 1) = map.row(chosen[static_cast<std::size_t>(i)]);
  const LogitMap::Reduced r = map.reduced(span);
  ASSERT_EQ(r.directions.cols(), 4);
  EXPECT_LT((r.directions.transpose() * r.directions - Matrix::Identity(4, 4)).norm(), close);
  EXPECT_LT((r.jacobian - rows * r.directions).norm(), close * rows.norm());
  EXPECT_LT((delta - r.directions * (r.directions.transpose() * delta)).norm(), close * delta.norm());
  Matrix some(3, d);
  for (int i = 0; i < 3; ++i) some.row(i) = rows.row(chosen[static_cast<std::size_t>(i)]);
  const Vector shortest = some.transpose() * (some * some.transpose()).inverse() * Vector::Ones(3);
  EXPECT_LT((shortest - r.directions * (r.directions.transpose() * shortest)).norm(), close * shortest.norm());
}

}  // namespace
}  // namespace mobiedit
