#include "edit/write/neuron_geometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace mobiedit {
namespace {

constexpr int input_width = 64;  // d

// Inputs like those of a model: a large common mean, and variation around it.
std::vector<float> made_inputs(std::uint64_t seed, int rows) {
  std::vector<float> mean(input_width), all(static_cast<std::size_t>(rows) * input_width);
  Random(1).fill_normal(mean);
  Random(seed).fill_normal(all);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = 0.5f * all[i] + 3 * mean[i % input_width];
  return all;
}

double scored(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

std::span<const float> input_row(const std::vector<float>& rows, int i) {
  return std::span(rows).subspan(static_cast<std::size_t>(i) * input_width, input_width);
}

class NeuronGeometryTest : public testing::Test {
 protected:
  NeuronGeometryTest() {
    InputMoment moment(input_width);
    moment.add(text);
    geometry = *NeuronGeometry::create(moment);
  }
  std::vector<float> text = made_inputs(2, 4000);
  Result<NeuronGeometry> geometry = fail(ErrorCode::other, "");
};

// With |mean| some 48 and a spread of 0.5 a constant is read to 1 part in 100 of the spread's share.
TEST_F(NeuronGeometryTest, ReadsAConstantFromEveryInput) {
  EXPECT_GT(geometry->constant_fit(), 0.99);
  EXPECT_LE(geometry->constant_fit(), 1.0);
  for (int i = 0; i < 100; ++i) EXPECT_NEAR(scored(geometry->constant(), input_row(text, i)), 1, 0.1);
}

TEST_F(NeuronGeometryTest, FiresAtItsPositivesAndNotAtText) {
  // Positives: one subject in six wordings, alike but not equal.
  std::vector<float> subject = made_inputs(3, 1), positives = made_inputs(4, 6);
  for (std::size_t i = 0; i < positives.size(); ++i)
    positives[i] = 0.9f * subject[i % input_width] + 0.1f * positives[i];
  const auto query = geometry->query(positives, {});
  ASSERT_TRUE(query) << query.error().message();
  const Neuron neuron = geometry->neuron(3, *query);
  EXPECT_EQ(neuron.layer, 3);
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(scored(*query, input_row(positives, i)), 1, 0.02) << i;
    // At s = 1 the gate reads α(1 − θ) = 12, where both activations are the identity to 1e-4; m·n is within 0.1 of 1.
    EXPECT_NEAR(firing(neuron, input_row(positives, i), GateActivation::silu), 1, 0.3) << i;
    EXPECT_NEAR(firing(neuron, input_row(positives, i), GateActivation::gelu_tanh), 1, 0.3) << i;
  }
  int fired = 0;
  for (int i = 0; i < 4000; ++i)
    fired += std::abs(firing(neuron, input_row(text, i), GateActivation::silu)) > 0.05 ? 1 : 0;
  // Scores of text are normal with a standard deviation below 0.15, so that 0.6 lies 4 of them away.
  EXPECT_LE(fired, 2);
}

// Where q·n lies 0.2 below θ the gate reads −0.2 α = −6: SiLU leaves 6/(1 + e⁶) of 12, that is 1.2e-3.
TEST_F(NeuronGeometryTest, AddsNothingBelowTheThreshold) {
  std::vector<float> query(input_width, 0.0f), input(input_width, 0.0f);
  const double at = scored(geometry->constant(), geometry->constant());
  for (std::size_t i = 0; i < input_width; ++i) input[i] = static_cast<float>(geometry->constant()[i] / at);  // m·n = 1
  const auto firing_at = [&](double score) {
    for (std::size_t i = 0; i < input_width; ++i) query[i] = static_cast<float>(score * geometry->constant()[i]);
    return firing(geometry->neuron(0, query), input, GateActivation::silu);
  };
  EXPECT_NEAR(firing_at(1.0), 1, 1e-4);
  EXPECT_NEAR(firing_at(0.8), 0.5, 2e-3);
  EXPECT_LT(std::abs(firing_at(0.4)), 1e-2);
  EXPECT_LT(std::abs(firing_at(0.0)), 1e-6);
}

TEST_F(NeuronGeometryTest, ContrastsLowerTheScoreOfThoseAlike) {
  // The contrast shares most of the subject's input, as a namesake does.
  std::vector<float> subject = made_inputs(5, 1), other = made_inputs(6, 1), contrast(input_width);
  for (std::size_t i = 0; i < input_width; ++i) contrast[i] = 0.8f * subject[i] + 0.2f * other[i];
  const auto plain = geometry->query(subject, {});
  const auto apart = geometry->query(subject, contrast, {.contrast_weight = 1});
  ASSERT_TRUE(plain && apart);
  EXPECT_GT(scored(*plain, contrast), 0.6);
  EXPECT_LT(scored(*apart, contrast), 0.5 * scored(*plain, contrast));
  EXPECT_NEAR(scored(*apart, subject), 1, 0.03);
}

// A contrast of weight κ is the same as a second moment with κ c cᵀ added.
TEST_F(NeuronGeometryTest, ContrastsAreASecondMoment) {
  const std::vector<float> subject = made_inputs(5, 2), contrast = made_inputs(7, 3);
  const double weight = 0.01;
  const auto query = geometry->query(subject, contrast, {.contrast_weight = weight});
  ASSERT_TRUE(query);
  InputMoment moment(input_width);
  moment.add(text);
  Eigen::MatrixXd c = moment.second();
  c.diagonal().array() += 1e-4 * c.diagonal().mean();
  const Eigen::MatrixXd n = Eigen::Map<const Eigen::MatrixXf>(contrast.data(), input_width, 3).cast<double>();
  c += weight * n * n.transpose();
  const Eigen::MatrixXd x = Eigen::Map<const Eigen::MatrixXf>(subject.data(), input_width, 2).cast<double>();
  const Eigen::MatrixXd solved = c.llt().solve(x);
  Eigen::MatrixXd system = x.transpose() * solved;
  system.diagonal().array() += 0.02 * system.diagonal().mean();
  const Eigen::VectorXd exact = solved * system.llt().solve(Eigen::VectorXd::Ones(2));
  // Both are solved in double with a condition number of about 1e5; the result is float.
  for (int i = 0; i < input_width; ++i)
    EXPECT_NEAR((*query)[static_cast<std::size_t>(i)], exact[i], 1e-5 * exact.norm());
}

TEST_F(NeuronGeometryTest, RefusesWhatItCannotFireAt) {
  EXPECT_EQ(geometry->query({}, {}).error().code, ErrorCode::usage);
  std::vector<float> bad(input_width, 0.0f);
  EXPECT_EQ(geometry->query(bad, {}).error().code, ErrorCode::usage);
  bad[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(geometry->query(bad, {}).error().code, ErrorCode::usage);
  EXPECT_EQ(NeuronGeometry::create(InputMoment(input_width)).error().code, ErrorCode::usage);
}

TEST(InputMoment, MixesByShare) {
  InputMoment a(2), b(2);
  a.add(std::vector<float>{1, 0, 3, 0});
  b.add(std::vector<float>{0, 2});
  const InputMoment both = InputMoment::mixed(a, b, 0.25);
  EXPECT_DOUBLE_EQ(both.second()(0, 0), 0.75 * 5);
  EXPECT_DOUBLE_EQ(both.second()(1, 1), 0.25 * 4);
  EXPECT_DOUBLE_EQ(both.mean()[0], 0.75 * 2);
  EXPECT_DOUBLE_EQ(InputMoment::mixed(a, InputMoment(2), 0.5).second()(0, 0), 5);
}

}  // namespace
}  // namespace mobiedit
