#include "model/fallbacks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using test::TinyModel;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> fallbacks_of(const TinyModel& tiny, const ModelOptions& options = {}) {
  const TemporaryFolder folder;
  return test::open_tiny_model(folder / "m.gguf", tiny, options).fallbacks();
}

TEST(Fallbacks, ThereAreNoneWhereEveryWeightHasAKernel) {
  EXPECT_THAT(fallbacks_of({.type = gguf::TensorType::q8_0}), IsEmpty());
  EXPECT_THAT(fallbacks_of({.type = gguf::TensorType::q4_0}), IsEmpty());
  // A product of floats has a kernel, whatever the shape.
  EXPECT_THAT(fallbacks_of({.f = 90, .type = gguf::TensorType::f32}), IsEmpty());
  // What was asked for is none.
  EXPECT_THAT(fallbacks_of({.type = gguf::TensorType::f16}, {.precision = Precision::float32}), IsEmpty());
  EXPECT_THAT(fallbacks_of({.type = gguf::TensorType::q8_0}, {.portable_kernels = true}), IsEmpty());
}

TEST(Fallbacks, ATypeWithoutAKernelIsSaidOnceForAllItsWeights) {
  // 7 in each of 4 blocks, and the embedding, which is the output weight too.
  EXPECT_THAT(fallbacks_of({.type = gguf::TensorType::f16}),
              ElementsAre(AllOf(StartsWith("29 weights of type F16"), HasSubstr("token_embd.weight"))));
}

TEST(Fallbacks, ShapesThatDoNotDivideIntoGroupsAreSaidOnce) {
  // Integers were asked for; ffn_down alone has rows of 90.
  EXPECT_THAT(fallbacks_of({.f = 90, .type = gguf::TensorType::f32}, {.precision = Precision::int8}),
              ElementsAre(AllOf(StartsWith("4 weights whose rows do not divide into groups of 32"),
                                HasSubstr("blk.0.ffn_down.weight"))));
}

TEST(Fallbacks, AProcessorWithoutKernelsIsSaid) {
  const TemporaryFolder folder;
  const auto model = test::open_tiny_model(folder / "m.gguf", {.type = gguf::TensorType::q8_0});
  EXPECT_THAT(fallbacks(model.file(), model.config(), kernels::Isa::portable, Precision::automatic),
              ElementsAre(HasSubstr("portable")));
}

}  // namespace
}  // namespace mobiedit
