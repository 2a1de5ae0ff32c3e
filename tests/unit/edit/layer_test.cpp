#include "mobiedit/edit/layer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "edit/layer_choice.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

ModelConfig bundled_shape() {
  ModelConfig c;
  c.architecture = "qwen2";
  c.layers = 12;
  c.d = 512;
  c.vocab = 8192;
  c.name = "facts-40m";
  return c;
}

TEST(KnownLayer, TheBundledModelByItsNameNotItsShapeAlone) {
  ModelConfig c = bundled_shape();
  const auto choice = known_layer(c);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->layer, 5);
  EXPECT_TRUE(choice->known);
  EXPECT_EQ(confidence_threshold_for(c, {}), 0.8);
  EXPECT_EQ(confidence_threshold_for(c, 0), 0);
  c.name = "another of that shape";
  EXPECT_FALSE(known_layer(c));
  EXPECT_EQ(confidence_threshold_for(c, {}), 0) << "what was not measured is not done unasked";
  EXPECT_EQ(confidence_threshold_for(c, 0.3), 0.3);
}

TEST(UsualWrite, IsRankOneOnlyWhereItsLayerWasMeasured) {
  ModelConfig c = bundled_shape();
  EXPECT_EQ(usual_write(c), WriteKind::rank_one);
  c.name = "another of that shape";
  EXPECT_EQ(usual_write(c), WriteKind::neuron);
  c.layers = 36;
  c.d = 2048;
  c.vocab = 151936;
  ASSERT_TRUE(known_layer(c)) << "a published layer";
  EXPECT_EQ(usual_write(c), WriteKind::neuron);
}

TEST(UsualLayer, CanBeEditedInTheSmallestModels) {
  ModelConfig c;
  for (c.layers = 2; c.layers < 100; ++c.layers) EXPECT_LE(usual_layer(c).layer, c.layers - 2) << c.layers;
}

class LayerTrial : public testing::Test {
 protected:
  TemporaryFolder folder;
  test::TinyModel shape{.blocks = 4, .d = 32, .context = 256};
  int trials = 0;

  LayerTrialOptions options() {
    return {.threads = 1, .cache_folder = folder.path().string(), .trying = [this](int, int, int) { ++trials; }};
  }
  [[nodiscard]] std::filesystem::path kept() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      if (entry.path().native().contains("layer-choice")) return entry.path();
    return {};
  }
};

TEST_F(LayerTrial, GivesTheSameBlockTwiceAndKeepsIt) {
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", shape);
  EXPECT_FALSE(settled_layer(model, folder.path().string()));
  const auto first = choose_layer(model, options());
  ASSERT_TRUE(first) << first.error().message();
  const auto settled = settled_layer(model, folder.path().string());
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->layer, first->layer);
  EXPECT_EQ(settled->clamp, first->clamp);
  EXPECT_FALSE(settled_layer(model, ""));
  EXPECT_GT(trials, 1);
  EXPECT_GE(first->layer, 0);
  EXPECT_LE(first->layer, 2);
  EXPECT_FALSE(first->known);
  EXPECT_FALSE(first->why.empty());

  trials = 0;
  const auto again = choose_layer(model, options());
  ASSERT_TRUE(again);
  EXPECT_EQ(trials, 0);
  EXPECT_EQ(again->layer, first->layer);
  EXPECT_EQ(again->clamp, first->clamp);
  EXPECT_EQ(again->why, first->why);

  auto unkept = options();
  unkept.cache_folder.clear();
  const auto fresh = choose_layer(model, unkept);
  ASSERT_TRUE(fresh);
  EXPECT_GT(trials, 1);
  EXPECT_EQ(fresh->layer, first->layer);
  EXPECT_EQ(fresh->why, first->why);
}

TEST_F(LayerTrial, TakesNothingFromADamagedFile) {
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", shape);
  ASSERT_TRUE(choose_layer(model, options()));
  const auto file = kept();
  const CancelToken cancel;
  auto asked = options();
  asked.trying = [&](int, int, int) {
    ++trials;
    cancel.request();  // that it began is enough
  };
  for (const char* text : {"", "x", "GGUF"}) {
    std::ofstream(file) << text;
    trials = 0;
    EXPECT_FALSE(choose_layer(model, asked, cancel)) << text;
    EXPECT_EQ(trials, 1) << text;
  }
}

TEST_F(LayerTrial, TakesNothingThatNoTrialGives) {
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", shape);
  ASSERT_TRUE(choose_layer(model, options()));
  const auto path = kept();
  const CancelToken cancel;
  auto asked = options();
  asked.trying = [&](int, int, int) {
    ++trials;
    cancel.request();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::pair<std::uint32_t, float> choices[] = {{3, 8.0f}, {~0u, 8.0f}, {2, 0.0f}, {2, nan}, {2, 1e9f}};
  for (const auto& [layer, bound] : choices) {
    gguf::Writer changed;
    const auto file = gguf::File::open(path);
    ASSERT_TRUE(file);
    for (const gguf::Entry& entry : file->metadata()) changed.set(entry);
    changed.set_u32("layer", layer);
    changed.set_f32("clamp", bound);
    ASSERT_TRUE(changed.write(path));
    trials = 0;
    EXPECT_FALSE(choose_layer(model, asked, cancel)) << layer << ' ' << bound;
    EXPECT_EQ(trials, 1) << layer << ' ' << bound;
  }
}

TEST_F(LayerTrial, FallsBackWhereTheFactsDoNotFit) {
  shape.context = 16;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", shape);
  const auto choice = choose_layer(model, options());
  ASSERT_TRUE(choice) << choice.error().message();
  EXPECT_EQ(choice->layer, usual_layer(model.config()).layer);
  EXPECT_NE(choice->why.find("not possible"), std::string::npos) << choice->why;
  EXPECT_TRUE(kept().empty());
}

TEST_F(LayerTrial, StopsWhenAskedAndKeepsNothing) {
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", shape);
  const CancelToken cancel;
  auto asked = options();
  asked.trying = [&](int, int number, int) {
    if (number == 2) cancel.request();
  };
  const auto choice = choose_layer(model, asked, cancel);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(kept().empty());
}

}  // namespace
}  // namespace mobiedit
