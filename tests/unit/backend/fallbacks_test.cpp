#include "backend/cpu/fallbacks.h"

#include <gtest/gtest.h>

#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using test::TinyModel;

std::vector<std::string> fallbacks_of(const TinyModel& tiny, const ModelOptions& options = {}) {
  const TemporaryFolder folder;
  return test::open_tiny_model(folder / "m.gguf", tiny, options).fallbacks();
}

void expect_one(const std::vector<std::string>& fallbacks, const std::vector<std::string>& parts) {
  ASSERT_EQ(fallbacks.size(), 1U);
  for (const std::string& part : parts) EXPECT_NE(fallbacks[0].find(part), std::string::npos) << fallbacks[0];
}

TEST(Fallbacks, ThereAreNoneWhereEveryWeightHasAKernel) {
  EXPECT_TRUE(fallbacks_of({.type = gguf::TensorType::q8_0}).empty());
  EXPECT_TRUE(fallbacks_of({.type = gguf::TensorType::q4_0}).empty());
  // A product of floats has a kernel, whatever the shape.
  EXPECT_TRUE(fallbacks_of({.f = 90, .type = gguf::TensorType::f32}).empty());
  // A slow path on request is no fallback.
  EXPECT_TRUE(fallbacks_of({.type = gguf::TensorType::f16}, {.precision = Precision::float32}).empty());
  EXPECT_TRUE(fallbacks_of({.type = gguf::TensorType::q8_0}, {.portable_kernels = true}).empty());
}

TEST(Fallbacks, ATypeWithoutAKernelIsSaidOnceForAllItsWeights) {
  // 7 in each of 4 blocks, and the embedding, which is the output weight too.
  expect_one(fallbacks_of({.type = gguf::TensorType::f16}), {"29 weights of type F16", "token_embd.weight"});
}

TEST(Fallbacks, ShapesThatDoNotDivideIntoGroupsAreSaidOnce) {
  // Integers were asked for; ffn_down alone has rows of 90.
  expect_one(fallbacks_of({.f = 90, .type = gguf::TensorType::f32}, {.precision = Precision::int8}),
             {"4 weights whose rows do not divide into groups of 32", "blk.0.ffn_down.weight"});
}

TEST(Fallbacks, AProcessorWithoutKernelsIsSaid) {
  const TemporaryFolder folder;
  const auto model = test::open_tiny_model(folder / "m.gguf", {.type = gguf::TensorType::q8_0});
  expect_one(fallbacks(model.file(), model.config(), kernels::Isa::portable, Precision::automatic), {"portable"});
}

}  // namespace
}  // namespace mobiedit
