// Against what float32 PyTorch computes with the bundled model.
#include <gtest/gtest.h>

#include <cmath>

#include "mobiedit/model/session.h"
#include "unit/bundled_model.h"

namespace mobiedit {
namespace {

// The largest and the mean difference over the ten largest logits of each prompt.
std::pair<double, double> differences(const Model& model) {
  auto session = Session::create(model);
  double worst = 0, sum = 0;
  int count = 0;
  const nlohmann::json goldens = test::bundled_goldens();
  for (const auto& golden : goldens["logits"]) {
    session->clear();
    const auto ids = golden["ids"].get<std::vector<Token>>();
    EXPECT_EQ(model.tokenizer().encode(golden["prompt"].get<std::string>()), ids);
    EXPECT_TRUE(session->append(ids));
    for (const auto& top : golden["top"]) {
      const double difference = std::abs(session->logits()[top[0].get<std::size_t>()] - top[1].get<double>());
      worst = std::max(worst, difference);
      sum += difference;
      ++count;
    }
  }
  return {worst, sum / count};
}

TEST(BundledModel, TokensAreThoseOfTheTrainingTokenizer) {
  const Model model = test::open_bundled_model(Precision::automatic);
  const nlohmann::json goldens = test::bundled_goldens();
  for (const auto& golden : goldens["tokenize"])
    EXPECT_EQ(model.tokenizer().encode(golden["text"].get<std::string>()), golden["ids"].get<std::vector<Token>>());
}

TEST(BundledModel, FloatLogitsEqualPyTorchs) {
  // Sums in another order, through twelve blocks, on logits of size 20.
  EXPECT_LT(differences(test::open_bundled_model(Precision::float32)).first, 1e-3);
}

TEST(BundledModel, IntegerLogitsStayNear) {
  // Activations of 8 bits: llama.cpp's own differ from float32 by about as much.
  EXPECT_LT(differences(test::open_bundled_model(Precision::automatic)).second, 0.15);
}

}  // namespace
}  // namespace mobiedit
