// Moment of a layer's inputs: of rows, of text and of chat turns, and through its file.
#include <gtest/gtest.h>

#include "backend/cpu/cpu_forward.h"
#include "edit/statistics/cache.h"
#include "edit/statistics/input_moment.h"
#include "edit/statistics/plain_text.h"
#include "edit/write/neuron_inputs.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

TEST(InputMomentOfRows, IsTheMeanOfTheInputsProducts) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {.context = 256});
  ThreadPool pool(1);
  CpuForward forward(model, pool);
  std::vector<std::vector<Token>> rows(3);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = model.tokenizer().encode(std::string(plain_text()).substr(200 * i, 150));
  const auto moment = InputMoment::from_rows(forward, {}, rows, 1, {});
  ASSERT_TRUE(moment) << moment.error().message();
  const std::vector<std::span<const Token>> texts(rows.begin(), rows.end());
  const auto inputs = neuron_inputs(forward, {}, texts, 1, {});
  ASSERT_TRUE(inputs);
  double sum = 0, count = 0;
  for (const auto& text : *inputs)
    for (std::size_t i = 0; i < text.size(); i += 64, ++count) sum += double{text[i]} * text[i];
  EXPECT_NEAR(moment->second()(0, 0), sum / count, 1e-6 * (1 + sum / count));
}

TEST(InputMomentOfRows, TooFewAreRefused) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool(1);
  CpuForward forward(model, pool);
  const std::vector<std::vector<Token>> few{model.tokenizer().encode("the soup")};
  const auto moment = InputMoment::from_rows(forward, {}, few, 1, {});
  ASSERT_FALSE(moment);
  EXPECT_EQ(moment.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
