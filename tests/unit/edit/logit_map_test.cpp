#include "edit/search/logit_map.h"

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
// The map's prediction of a step, by way of its reduction to the one direction δ.
Vector says(const LogitMap& map, const Vector& step) {
  const LogitMap::Reduced r = map.reduced({}, step);
  return r.jacobian * (r.directions.transpose() * step);
}

// Sums of 40 products of numbers about 1 in float.
constexpr float close = 1e-4f;

TEST(LogitMap, BelievesWhatItSawAndLeavesTheRest) {
  const Matrix expected = random_matrix(logits, d, 1), truth = random_matrix(logits, d, 2), z = orthonormal(8, 3);
  LogitMap map(logits, d);
  map.expect(0, expected);
  Vector trust = Vector::Ones(8);
  trust[5] = 0.25f;
  map.observe(10, z, (truth * z).middleRows(10, 20), trust);
  for (int i = 0; i < 8; ++i) {
    const Vector said = says(map, z.col(i)), was = expected * z.col(i), is = truth * z.col(i);
    EXPECT_LT((said.head(10) - was.head(10)).norm(), close);
    EXPECT_LT((said.tail(20) - (was + trust[i] * (is - was)).tail(20)).norm(), close);
  }
  Vector other = random_matrix(d, 1, 4);
  other -= z * (z.transpose() * other);
  EXPECT_LT((says(map, other) - expected * other).norm(), close * other.norm());
}

TEST(LogitMap, AStepOfAnyLengthIsExplained) {
  LogitMap map(logits, d);
  map.expect(0, random_matrix(logits, d, 1));
  const Vector step = 7 * random_matrix(d, 1, 2), change = random_matrix(logits, 1, 3);
  map.observe_step(step, change);
  EXPECT_LT((says(map, step) - change).norm(), close * 7);
  map.observe_step(Vector::Zero(d), change);  // nothing to learn from
  EXPECT_LT((says(map, step) - change).norm(), close * 7);
}

// The shortest step that moves the chosen logits as asked lies in the reduction.
TEST(LogitMap, ReducesToWhereTheShortestStepLies) {
  const Matrix rows = random_matrix(logits, d, 1);
  LogitMap map(logits, d);
  map.expect(0, rows);
  const std::vector<Eigen::Index> chosen = {3, 17, 20};
  const Vector delta = random_matrix(d, 1, 2);
  const LogitMap::Reduced r = map.reduced(chosen, delta);
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
