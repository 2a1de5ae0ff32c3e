// Tensor names, a layer's list of tensors, and the cost that follows from it.
#include "model/tensor_id.h"

#include <gtest/gtest.h>

#include "model/arch/arch.h"
#include "model/cost.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

TEST(TensorNames, AreReadAsTheyAreWritten) {
  for (int role = 0; role <= static_cast<int>(TensorRole::expert_down); ++role) {
    for (const bool bias : {false, true}) {
      const TensorId id{17, static_cast<TensorRole>(role), bias};
      EXPECT_EQ(parse_tensor_name(tensor_name(id)), id) << tensor_name(id);
    }
  }
  EXPECT_EQ(tensor_name({5, TensorRole::down}), "blk.5.ffn_down.weight");
  EXPECT_EQ(tensor_name({0, TensorRole::router, true}), "blk.0.ffn_gate_inp.bias");
}

TEST(TensorNames, HaveOneSpelling) {
  for (const char* name : {"blk.01.ffn_down.weight", "blk.+1.ffn_down.weight", "blk.-1.ffn_down.weight",
                           "blk.1ffn_down.weight", "blk.1.ffn_down", "blk.1.ffn_down.scale", "blk.1.ffn_middle.weight",
                           "blk.", "", "output.weight", "blk.99999999999999999999.ffn_down.weight"})
    EXPECT_FALSE(parse_tensor_name(name)) << name;
}

// d 64, f 96, 4 heads of 16, 2 of keys and values: multiply-accumulates counted by hand.
TEST(Cost, IsThatOfTheLayersTensors) {
  const TemporaryFolder folder;
  const auto config_of = [&](const char* architecture) {
    return test::open_tiny_model(folder.path() / "m.gguf", {.architecture = architecture, .blocks = 7}).config();
  };
  for (const char* architecture : {"qwen2", "phi3", "gemma3"}) {
    const ModelConfig c = config_of(architecture);
    EXPECT_EQ(layer_cost(c, 1).keys_values, 2 * 64 * 32) << architecture;
    EXPECT_EQ(layer_cost(c, 1).rest, 2 * 64 * 64 + 3 * 64 * 96) << architecture;
    EXPECT_EQ(layer_cost(c, 1).down, 64 * 96) << architecture;
    EXPECT_EQ(layer_weights(c, 1, 3), 2U * (2 * 64 * 32 + 2 * 64 * 64 + 3 * 64 * 96)) << architecture;
    EXPECT_EQ(layers_cost(c, 0, 7).total(), 7 * layer_cost(c, 0).total()) << architecture;
  }
  // Two of six experts of 32 run, and the router; all six are weights.
  const ModelConfig c = config_of("qwen3moe");
  EXPECT_EQ(layer_cost(c, 1).rest, 2 * 64 * 64 + 64 * 6 + 2 * 3 * 64 * 32);
  EXPECT_EQ(layer_weights(c, 1, 2), 2U * 64 * 32 + 2 * 64 * 64 + 64 * 6 + 6 * 3 * 64 * 32);
}

TEST(Architectures, ReadTheirOwnLayers) {
  const TemporaryFolder folder;
  const auto config_of = [&](const char* architecture) {
    return test::open_tiny_model(folder.path() / "m.gguf", {.architecture = architecture, .blocks = 7}).config();
  };
  const ModelConfig gemma = config_of("gemma3");
  for (int layer = 0; layer < 7; ++layer) {
    EXPECT_EQ(gemma.spec(layer).window, layer == 5 ? 0 : 5) << layer;
    EXPECT_TRUE(gemma.spec(layer).ffn_post_norm);
  }
  EXPECT_EQ(gemma.embedding_scale, 8.0f);
  const ModelConfig smollm = config_of("smollm3");
  for (int layer = 0; layer < 7; ++layer)
    EXPECT_EQ(smollm.spec(layer).rope.pairs == RopePairs::none, layer == 3) << layer;
  EXPECT_TRUE(config_of("gpt-oss").is_mixture(0));
  EXPECT_FALSE(config_of("olmo2").spec(0).attention_norm);
  EXPECT_EQ(config_of("granite").logit_scale, 0.5f);
  for (const Arch& arch : architectures()) EXPECT_EQ(find_architecture(arch.name), &arch);
}

}  // namespace
}  // namespace mobiedit
