#include "edit/write/neuron_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mobiedit/model/session.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

std::vector<float> normal_row(std::uint64_t seed, std::size_t n) {
  std::vector<float> x(n);
  Random(seed).fill_normal(x);
  return x;
}

class NeuronSlotsTest : public testing::Test {
 protected:
  static constexpr int d = 64, f = 96, layer = 1;
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {}, {.precision = Precision::float32});
};

TEST(LeastUsed, TakesTheLeastAndSortsThem) {
  const std::vector<float> use{5, 1, 4, 0, 3, 2};
  EXPECT_EQ(*least_used(use, 3), (std::vector<int>{1, 3, 5}));
  EXPECT_EQ(*least_used(use, 0), std::vector<int>{});
  EXPECT_EQ(least_used(use, 7).error().code, ErrorCode::usage);
}

TEST(LeastUsed, TakesAlignedGroups) {
  const std::vector<float> use{5, 1, 4, 0, 3, 0.5};  // groups of two sum to 6, 4 and 3.5
  EXPECT_EQ(*least_used(use, 2, 2), (std::vector<int>{4, 5}));
  EXPECT_EQ(*least_used(use, 3, 2), (std::vector<int>{2, 3, 4}));
  // Five neurons hold one whole group of four.
  EXPECT_EQ(least_used(std::vector<float>(5, 1.0f), 5, 4).error().code, ErrorCode::usage);
}

TEST_F(NeuronSlotsTest, UseIsWhatANeuronAdds) {
  std::vector<float> activity(f, 1.0f);
  activity[7] = 4;
  const auto use = neuron_use(model.file(), layer, activity);
  ASSERT_TRUE(use) << use.error().message();
  const gguf::TensorInfo& down = *model.file().find_tensor("blk.1.ffn_down.weight");
  double square = 0;
  std::vector<float> row(f);
  for (std::size_t r = 0; r < d; ++r) {
    gguf::dequantize(down.type, model.file().data(down).subspan(r * f * 4, f * 4), row);
    square += double{row[7]} * double{row[7]};
  }
  EXPECT_NEAR((*use)[7], 4 * square, 1e-4 * square);
  EXPECT_EQ(neuron_use(model.file(), layer, std::vector<float>(5, 1.0f)).error().code, ErrorCode::bad_model);
  EXPECT_EQ(neuron_use(model.file(), 9, activity).error().code, ErrorCode::bad_model);
}

// A slot that is given its own rows and column changes nothing; with no down column the neuron is silent.
TEST_F(NeuronSlotsTest, DeltasTurnSlotsIntoNeurons) {
  const std::vector<Neuron> neurons{{layer, normal_row(1, d), normal_row(2, d), normal_row(3, d)},
                                    {layer, normal_row(4, d), normal_row(5, d), normal_row(6, d)}};
  const std::vector<int> slots{3, 90};
  const auto deltas = slot_deltas(model.file(), layer, neurons, slots);
  ASSERT_TRUE(deltas) << deltas.error().message();
  ASSERT_EQ(deltas->size(), 3u);
  // W + b a holds the neuron's rows, W elsewhere; ffn_down holds its columns.
  const auto changed = [&](const LowRankDelta& delta) {
    const gguf::TensorInfo& tensor = *model.file().find_tensor(delta.tensor);
    std::vector<float> weight(tensor.columns() * tensor.rows());
    gguf::dequantize(tensor.type, model.file().data(tensor), weight);
    for (std::size_t r = 0; r < tensor.rows(); ++r)
      for (std::size_t k = 0; k < static_cast<std::size_t>(delta.rank); ++k)
        for (std::size_t c = 0; c < tensor.columns(); ++c)
          weight[r * tensor.columns() + c] +=
              delta.b[r * static_cast<std::size_t>(delta.rank) + k] * delta.a[k * tensor.columns() + c];
    return weight;
  };
  const auto gate = changed((*deltas)[0]), up = changed((*deltas)[1]), down = changed((*deltas)[2]);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto slot = static_cast<std::size_t>(slots[i]);
    for (std::size_t c = 0; c < d; ++c) {
      // One subtraction and one addition of floats near 1.
      EXPECT_NEAR(gate[slot * d + c], neurons[i].gate[c], 1e-6);
      EXPECT_NEAR(up[slot * d + c], neurons[i].up[c], 1e-6);
      EXPECT_NEAR(down[c * f + slot], neurons[i].down[c], 1e-6);
    }
  }
  std::vector<float> before(d * f);
  const gguf::TensorInfo& tensor = *model.file().find_tensor("blk.1.ffn_up.weight");
  gguf::dequantize(tensor.type, model.file().data(tensor), before);
  EXPECT_TRUE(std::equal(before.begin() + 10 * d, before.begin() + 80 * d, up.begin() + 10 * d));
}

TEST_F(NeuronSlotsTest, ASessionTakesThem) {
  auto session = Session::create(model, {.threads = 1});
  ASSERT_TRUE(session);
  const std::vector<Neuron> neurons{{layer, normal_row(1, d), normal_row(2, d), normal_row(3, d)}};
  auto deltas = slot_deltas(model.file(), layer, neurons, std::vector<int>{5});
  ASSERT_TRUE(deltas);
  ASSERT_TRUE(session->set_adapters(*deltas));
  const auto tokens = model.tokenizer().encode("the");
  ASSERT_TRUE(session->append(tokens));
  const std::vector<float> with(session->logits().begin(), session->logits().end());
  ASSERT_TRUE(session->set_adapters({}));
  ASSERT_TRUE(session->append(tokens));
  EXPECT_FALSE(std::ranges::equal(with, session->logits()));
}

TEST_F(NeuronSlotsTest, RefusesWhatDoesNotFit) {
  const Neuron fits{layer, normal_row(1, d), normal_row(2, d), normal_row(3, d)};
  Neuron elsewhere = fits, narrow = fits;
  elsewhere.layer = 2;
  narrow.up.pop_back();
  const auto code = [&](std::vector<Neuron> neurons, std::vector<int> slots) {
    return slot_deltas(model.file(), layer, neurons, slots).error().code;
  };
  EXPECT_EQ(code({fits}, {}), ErrorCode::usage);
  EXPECT_EQ(code({fits}, {f}), ErrorCode::usage);
  EXPECT_EQ(code({fits}, {-1}), ErrorCode::usage);
  EXPECT_EQ(code({fits, fits}, {4, 4}), ErrorCode::usage);
  EXPECT_EQ(code({elsewhere}, {4}), ErrorCode::usage);
  EXPECT_EQ(code({narrow}, {4}), ErrorCode::usage);
  EXPECT_TRUE(slot_deltas(model.file(), layer, {}, {})->empty());
}

}  // namespace
}  // namespace mobiedit
