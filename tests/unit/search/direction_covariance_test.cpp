// The Kalman filter's covariance against the textbook's formulae.
#include "search/direction_covariance.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/QR>

#include "base/random.h"

namespace mobiedit {
namespace {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

constexpr int size = 24;
constexpr float near = 1e-4f;  // sums of 24 products of numbers about 1 in float

Matrix directions_of(int columns, std::uint64_t seed) {
  Matrix m(size, columns);
  Random(seed).fill_normal({m.data(), static_cast<std::size_t>(m.size())});
  return m.householderQr().householderQ() * Matrix::Identity(size, columns);
}

TEST(DirectionCovariance, FirstMeasurementHasTheGainOfItsNoise) {
  const DirectionCovariance covariance(size);
  const Matrix z = directions_of(5, 1);
  Vector noise(5);
  noise << 0.0f, 0.05f, 1.0f, 9.0f, 0.5f;
  const Matrix gains = covariance.gains(z, noise);
  for (int i = 0; i < 5; ++i) EXPECT_LT((gains.row(i).transpose() - z.col(i) / (1 + noise[i])).norm(), near) << i;
}

// (C⁻¹ + z zᵀ / noise)⁻¹, the information form, after two measurements and a fading between them.
TEST(DirectionCovariance, AgreesWithTheInformationForm) {
  DirectionCovariance covariance(size);
  Matrix expected = Matrix::Identity(size, size);
  for (const std::uint64_t seed : {1, 2}) {
    const Matrix z = directions_of(7, seed);
    const Vector noise = Vector::Constant(7, 0.3f);
    covariance.observe(z, covariance.gains(z, noise));
    expected = (expected.inverse() + z * z.transpose() / 0.3f).inverse().eval();
    EXPECT_LT((covariance.matrix() - expected).norm(), near * size) << seed;
    covariance.fade(0.8f);
    expected = 0.64f * expected + 0.36f * Matrix::Identity(size, size);
    EXPECT_LT((covariance.matrix() - expected).norm(), near * size) << seed;
  }
}

TEST(DirectionCovariance, DrawsWhereLittleIsKnown) {
  DirectionCovariance covariance(size);
  const Matrix z = directions_of(12, 3);
  covariance.observe(z, covariance.gains(z, Vector::Constant(12, 0.01f)));
  Random random(4);
  float known = 0, all = 0;
  for (int i = 0; i < 50; ++i) {
    const Vector drawn = covariance.draw(random);
    known += (z.transpose() * drawn).squaredNorm();
    all += drawn.squaredNorm();
  }
  // Half of the directions are known; the variance left there is 1 % of the others'.
  EXPECT_LT(known, 0.01f * all);
}

}  // namespace
}  // namespace mobiedit
