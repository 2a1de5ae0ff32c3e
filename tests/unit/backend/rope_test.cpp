// Frequencies of rotary positions: linear scaling and YaRN.
#include "backend/cpu/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "model/rope_scaling.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

class RopeScaling : public ::testing::Test {
 protected:
  Result<RopeSpec> read() {
    writer.set_string("general.architecture", "qwen2");
    if (auto done = writer.write(folder.path() / "m.gguf"); !done) return std::unexpected(done.error());
    const auto file = gguf::File::open(folder.path() / "m.gguf");
    if (!file) return std::unexpected(file.error());
    ModelConfig c;
    c.architecture = "qwen2";
    c.context = 64;
    RopeSpec rope;
    rope.dimensions = 8;
    rope.base = base;
    if (auto done = read_rope_scaling(*file, c, rope); !done) return std::unexpected(done.error());
    return rope;
  }
  void set(const std::string& key, float value) { writer.set_f32("qwen2.rope.scaling." + key, value); }

  void expect(const std::vector<double>& frequencies, float magnitude) {
    const auto rope = read();
    ASSERT_TRUE(rope) << rope.error().message();
    const auto found = rope_frequencies(*rope, {});
    ASSERT_EQ(found.size(), frequencies.size());
    // A number from the file is a float.
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], frequencies[i], 1e-7 * frequencies[i]) << i;
    EXPECT_NEAR(rope->magnitude, magnitude, 1e-6f);
  }

  TemporaryFolder folder;
  gguf::Writer writer;
  double base = 1e4;
};

TEST_F(RopeScaling, WithoutKeysNothingIsScaled) {
  expect({1, 0.1, 0.01, 0.001}, 1);
}

// llama.cpp takes a factor without a type as linear.
TEST_F(RopeScaling, LinearDividesEveryFrequency) {
  set("factor", 4);
  expect({0.25, 0.025, 0.0025, 0.00025}, 1);
}

TEST_F(RopeScaling, NoneIgnoresTheFactor) {
  writer.set_string("qwen2.rope.scaling.type", "none");
  set("factor", 4);
  expect({1, 0.1, 0.01, 0.001}, 1);
}

// Pairs 0 and 2 turn 32 times and once within 64 positions, rounded outwards: between them lies pair 1, half scaled.
TEST_F(RopeScaling, YarnKeepsFastPairsAndScalesSlowOnes) {
  writer.set_string("qwen2.rope.scaling.type", "yarn");
  set("factor", 4);
  expect({1, 0.1 * 0.625, 0.0025, 0.00025}, 1.1386294f);  // 1 + 0.1 ln 4
}

TEST_F(RopeScaling, YarnTakesItsOwnContextBetasAndAttentionFactor) {
  writer.set_string("qwen2.rope.scaling.type", "yarn");
  set("factor", 4);
  set("attn_factor", 0.5f);
  writer.set_u32("qwen2.rope.scaling.original_context_length", 640);
  // 640 positions: pair 0.5 turns 32 times, pair 2.01 once; a ramp from 0 to 3.
  expect({1, 0.1 * (0.25 / 3 + 2.0 / 3), 0.01 * (0.25 * 2 / 3 + 1.0 / 3), 0.00025}, 0.5693147f);
  // Turning 4 and 2 times: pairs 1.41 and 1.71, a ramp from 1 to 2.
  set("yarn_beta_fast", 4);
  set("yarn_beta_slow", 2);
  expect({1, 0.1, 0.0025, 0.00025}, 0.5693147f);
}

TEST_F(RopeScaling, RefusesNumbersThatCannotBe) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, float>>{{"factor", -1.0f},
                                                                             {"factor", 1e-5f},
                                                                             {"factor", std::nanf("")},
                                                                             {"attn_factor", 0.0f},
                                                                             {"yarn_beta_fast", 0.0f},
                                                                             {"yarn_beta_slow", -3.0f},
                                                                             {"yarn_ext_factor", 0.5f},
                                                                             {"original_context_length", -1.0f}}) {
    writer = {};
    writer.set_string("qwen2.rope.scaling.type", "yarn");
    set(key, value);
    const auto rope = read();
    ASSERT_FALSE(rope) << key;
    EXPECT_EQ(rope.error().code, ErrorCode::bad_model);
    EXPECT_NE(rope.error().what.find("rope.scaling." + key), std::string::npos) << rope.error().message();
  }
  writer = {};
  writer.set_string("qwen2.rope.scaling.type", "yarn");
  base = 1;
  EXPECT_FALSE(read());
}

}  // namespace
}  // namespace mobiedit
