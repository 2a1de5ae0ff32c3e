#include "edit/statistics/key_covariance.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <fstream>

#include "backend/cpu/cpu_forward.h"
#include "unit/edit/statistics_file.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

std::string some_text() {
  std::string text;
  Random random(6);
  for (int i = 0; i < 1500; ++i) text += static_cast<char>(' ' + random.below(90));
  return text;
}

class CovarianceTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool{1};
  CpuForward forward{model, pool};
};

// C⁻¹ k against float64 on the same keys, gathered without the class.
TEST_F(CovarianceTest, SolvesWithTheSecondMoment) {
  const std::string text = some_text();
  const auto made = KeyCovariance::from_text(forward, {}, model.tokenizer(), text, 1, {});
  ASSERT_TRUE(made) << made.error().message();
  const auto tokens = model.tokenizer().encode(text);
  constexpr std::size_t length = 64, f = 96;
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(f, f);
  int count = 0;
  for (std::size_t at = 0; at + length <= tokens.size(); at += length) {
    std::vector<float> residual(length * 64), keys(length * f);
    forward.embed(std::span(tokens).subspan(at, length), residual);
    const BatchSequence sequence{nullptr, 0, length, nullptr};
    const Capture capture{1, keys.data(), nullptr, true};
    forward.run_layers({0, 2}, residual, {&sequence, 1}, PassOptions().with_capture(capture));
    const Eigen::MatrixXd k = Eigen::Map<const Eigen::MatrixXf>(keys.data(), f, length).cast<double>();
    c += k * k.transpose();
    count += length;
  }
  c /= count;
  c.diagonal().array() += 1e-2 * c.diagonal().mean();
  std::vector<float> key(f);
  Random(1).fill_normal(key);
  const Eigen::VectorXd exact = c.llt().solve(Eigen::Map<const Eigen::VectorXf>(key.data(), f).cast<double>());
  const auto u = made->solve(key);
  // The ridge bounds the condition number by about 1e4, float32 has 1e-7.
  EXPECT_LT((Eigen::Map<const Eigen::VectorXf>(u.data(), f).cast<double>() - exact).norm() / exact.norm(), 1e-2);
  EXPECT_EQ(made->tokens(), count);
}

TEST_F(CovarianceTest, ReadsWhatItWrote) {
  const auto made = KeyCovariance::from_text(forward, {}, model.tokenizer(), some_text(), 1, {});
  const auto again = KeyCovariance::from_file(test::file_of(*made, folder.path() / "c"), 96);
  ASSERT_TRUE(again);
  std::vector<float> key(96);
  Random(1).fill_normal(key);
  EXPECT_EQ(made->solve(key), again->solve(key));
  EXPECT_EQ(made->tokens(), again->tokens());
}

TEST_F(CovarianceTest, SolvesForManyKeysAsForEachAlone) {
  const auto made = KeyCovariance::from_text(forward, {}, model.tokenizer(), some_text(), 1, {});
  std::vector<float> keys(3 * 96);
  Random(1).fill_normal(keys);
  std::vector<float> alone;
  for (std::size_t at = 0; at < keys.size(); at += 96) {
    const auto u = made->solve(std::span(keys).subspan(at, 96));
    alone.insert(alone.end(), u.begin(), u.end());
  }
  EXPECT_EQ(made->solve(keys), alone);
}

TEST_F(CovarianceTest, TakesNothingFromADamagedFile) {
  const auto made = KeyCovariance::from_text(forward, {}, model.tokenizer(), some_text(), 1, {});
  const auto path = folder.path() / "c";
  EXPECT_FALSE(KeyCovariance::from_file(test::file_of(*made, path), 97));
  const auto offset = test::file_of(*made, path).tensors()[0].offset;
  {
    // A NaN in the first column, below the diagonal.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset) + 4);
    file.write("\xff\xff\xff\xff", 4);
  }
  EXPECT_FALSE(KeyCovariance::from_file(std::move(*gguf::File::open(path)), 96));
  (void)test::file_of(*made, path);
  {
    // A diagonal of zero.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write("\0\0\0\0", 4);
  }
  EXPECT_FALSE(KeyCovariance::from_file(std::move(*gguf::File::open(path)), 96));
}

TEST_F(CovarianceTest, WantsEnoughText) {
  const auto made = KeyCovariance::from_text(forward, {}, model.tokenizer(), "too short", 1, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
