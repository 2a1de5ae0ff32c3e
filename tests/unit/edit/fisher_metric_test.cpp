#include "edit/statistics/fisher_metric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "backend/cpu/cpu_forward.h"
#include "edit/preconditioned.h"
#include "kernels/vector_ops.h"
#include "search/vectors.h"
#include "unit/edit/statistics_file.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

constexpr int width = 64;

std::vector<float> whitened(const FisherMetric& metric, std::span<const float> z) {
  std::vector<float> out(z.size());
  metric.through(z, out);
  return out;
}

std::string running_text() {
  std::string text;
  for (int i = 0; i < 90; ++i) text += "the soup of the day " + std::to_string(i) + " was the other thing. ";
  return text;
}

class FisherMetricTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool{2};
  CpuForward forward{model, pool};
  std::unique_ptr<Tape> tape = std::move(*Tape::create(model, pool, 2));
  Result<FisherMetric> made(std::string_view text) {
    return FisherMetric::from_text(forward, *tape, {}, model.tokenizer(), text, 1, {});
  }
};

// H = diag(9, 1, …, 1): its mean is m = (9 + 63) / 64, and with the floor of a tenth of that A = ((h/m + .1)/1.1)^-½.
TEST(FisherMetricFromMoment, IsTheRootOfTheInverse) {
  std::vector<float> h(width * width, 0.0f);
  for (int i = 0; i < width; ++i) h[static_cast<std::size_t>(i * width + i)] = i == 0 ? 9.0f : 1.0f;
  const auto metric = FisherMetric::from_moment(h, width);
  ASSERT_TRUE(metric);
  std::vector<float> z(width, 1.0f);
  const auto out = whitened(*metric, z);
  const double mean = 72.0 / 64;
  EXPECT_NEAR(out[0], 1 / std::sqrt((9 / mean + 0.1) / 1.1), 1e-4);
  EXPECT_NEAR(out[1], 1 / std::sqrt((1 / mean + 0.1) / 1.1), 1e-4);
  EXPECT_EQ(FisherMetric::from_moment(std::vector<float>(width * width, 0.0f), width).error().code, ErrorCode::usage);
  h[5] = std::nanf("");
  EXPECT_EQ(FisherMetric::from_moment(h, width).error().code, ErrorCode::usage);
}

// Directions that cost the measured text little move another text's predictions little: KL at steps of one length.
TEST_F(FisherMetricTest, ItsLongDirectionsCostOtherTextLeast) {
  const auto metric = made(running_text());
  ASSERT_TRUE(metric) << metric.error().message();
  const auto tokens = model.tokenizer().encode("the other soup of 7 days was there.");
  const int rows = static_cast<int>(tokens.size());
  const auto vocab = static_cast<std::size_t>(model.config().vocab);
  const auto logits = [&](std::span<const float> delta) {
    std::vector<float> residual(tokens.size() * width), out(tokens.size() * vocab);
    forward.embed(tokens, residual);
    const BatchSequence sequence{nullptr, 0, rows, nullptr};
    forward.run_layers({0, 2}, residual, {&sequence, 1}, {});
    for (std::size_t i = 0; i < residual.size() && !delta.empty(); ++i) residual[i] += delta[i % width];
    forward.run_layers({2, 4}, residual, {&sequence, 1}, {});
    forward.logits(residual, out, {});
    return out;
  };
  const auto base = logits({});
  const auto kl = [&](std::vector<float> delta) {
    const double length = norm(delta);
    for (float& x : delta) x *= static_cast<float>(0.5 / length);
    const auto moved = logits(delta);
    double sum = 0;
    for (std::size_t r = 0; r < tokens.size(); ++r) {
      const auto row = [&](const std::vector<float>& all) { return std::span(all).subspan(r * vocab, vocab); };
      const double p = kernels::log_sum_exp(row(base)), q = kernels::log_sum_exp(row(moved));
      for (std::size_t t = 0; t < vocab; ++t)
        sum += std::exp(row(base)[t] - p) * ((row(base)[t] - p) - (row(moved)[t] - q));
    }
    return sum;
  };
  double shaped = 0, plain = 0;
  Random random(3);
  for (int i = 0; i < 16; ++i) {
    std::vector<float> z(width);
    random.fill_normal(z);
    plain += kl(z);
    shaped += kl(whitened(*metric, whitened(*metric, z)));
  }
  EXPECT_LT(shaped, 0.8 * plain);
}

TEST_F(FisherMetricTest, ReadsWhatItWroteAndNothingFromADamagedFile) {
  const auto metric = made(running_text());
  ASSERT_TRUE(metric) << metric.error().message();
  const auto path = folder.path() / "t";
  const auto file = test::file_of(*metric, path);
  std::vector<float> z(width);
  Random(1).fill_normal(z);
  const auto again = FisherMetric::from_file(file, width);
  ASSERT_TRUE(again);
  EXPECT_EQ(whitened(*metric, z), whitened(*again, z));
  EXPECT_FALSE(FisherMetric::from_file(file, width + 1));
  {
    std::fstream damaged(path, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(file.tensors()[0].offset) + 400);
    damaged.write("\xff\xff\xff\xff", 4);
  }
  EXPECT_FALSE(FisherMetric::from_file(*gguf::File::open(path), width));
}

TEST_F(FisherMetricTest, WantsEnoughText) {
  const auto metric = made("the soup of the day");
  ASSERT_FALSE(metric);
  EXPECT_EQ(metric.error().code, ErrorCode::usage);
}

/// One row; logits = (δ₀, δ₁, …).
class Plain final : public Objective, private Gradient {
 public:
  [[nodiscard]] int dimension() const override { return width; }
  [[nodiscard]] int kept() const override { return width - 1; }
  [[nodiscard]] std::span<const ObjectiveRow> rows() const override { return rows_; }
  [[nodiscard]] std::span<const RowGroup> groups() const override { return {&group_, 1}; }
  [[nodiscard]] double value_norm() const override { return 1; }
  [[nodiscard]] bool expect(int, std::span<float> jacobian) const override {
    for (std::size_t i = 0; i < jacobian.size(); ++i) jacobian[i] = i / width == i % width ? 1.0f : 0.0f;
    return true;
  }
  [[nodiscard]] Result<Outputs> evaluate(std::span<const float> deltas, int n) override {
    return Outputs{n, {deltas.begin(), deltas.end()}, std::vector<float>(static_cast<std::size_t>(n), 0.0f)};
  }
  [[nodiscard]] Gradient* gradient() override { return differentiable ? this : nullptr; }
  bool differentiable = true;

 private:
  [[nodiscard]] Result<Outputs> record(std::span<const float> delta) override { return evaluate(delta, 1); }
  [[nodiscard]] Result<std::vector<float>> pull_back(std::span<const float> slopes) override {
    return std::vector<float>(slopes.begin(), slopes.end());
  }
  std::vector<ObjectiveRow> rows_{{1.0, 0}};
  RowGroup group_;
};

TEST(ReshapedTest, IsTheObjectiveInOtherCoordinates) {
  std::vector<float> h(width * width, 0.0f), z(width), slopes(width), jacobian(width * width);
  for (int i = 0; i < width; ++i) h[static_cast<std::size_t>(i * width + i)] = static_cast<float>(i + 1);
  h[1] = h[width] = 0.5f;
  const auto metric = FisherMetric::from_moment(h, width);
  Plain inner;
  PreconditionedObjective preconditioned(inner, *metric);
  Random random(2);
  random.fill_normal(z);
  random.fill_normal(slopes);
  const auto shaped = whitened(*metric, z);
  EXPECT_EQ(preconditioned.evaluate(z, 1)->logits, shaped);
  EXPECT_EQ(preconditioned.probe(z, 1)->logits, shaped);
  Gradient* gradient = preconditioned.gradient();
  ASSERT_NE(gradient, nullptr);
  EXPECT_EQ(gradient->record(z)->logits, shaped);
  // The gradient of f(z) = slopes · A z; the expected map is A itself.
  const auto pulled = gradient->pull_back(slopes);
  ASSERT_TRUE(preconditioned.expect(0, jacobian));
  double along = 0, expected = 0;
  for (std::size_t i = 0; i < width; ++i) {
    along += double{(*pulled)[i]} * z[i];
    for (std::size_t j = 0; j < width; ++j) expected += double{slopes[i]} * jacobian[i * width + j] * z[j];
  }
  EXPECT_NEAR(along, expected, 1e-3 * (1 + std::abs(expected)));
  inner.differentiable = false;
  EXPECT_EQ(preconditioned.gradient(), nullptr);
}

}  // namespace
}  // namespace mobiedit
