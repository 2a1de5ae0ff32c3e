#include "mobiedit/store/same_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "unit/store/sample_base.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

/// ‖(W_after − W_before − left rightᵀ) key‖ / ‖left‖ for the update's own key.
double error_along(const std::vector<float>& before, const std::vector<float>& after, const RankOneUpdate& update) {
  const std::size_t f = update.right.size();
  const double square = std::inner_product(update.right.begin(), update.right.end(), update.right.begin(), 0.0);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < update.left.size(); ++i) {
    double along = 0;
    for (std::size_t j = 0; j < f; ++j)
      along += (double{after[i * f + j]} - before[i * f + j]) * update.right[j] / square;
    error += (along - update.left[i]) * (along - update.left[i]);
    size += double{update.left[i]} * update.left[i];
  }
  return std::sqrt(error / size);
}

class SameType : public testing::TestWithParam<gguf::TensorType> {};

TEST_P(SameType, TheKeyGetsItsValueInAFileOfTheSameSizeAndLayout) {
  const TemporaryFolder folder;
  const auto base_path = folder.path() / "base.gguf", path = folder.path() / "edited.gguf";
  ASSERT_TRUE(write_sample_base(base_path, GetParam()));
  const auto base = gguf::File::open(base_path);
  ASSERT_TRUE(base) << base.error().message();
  // A block's scale bounds what its codes can become: an update as large as the weight itself would not fit.
  std::vector<RankOneUpdate> updates{sample_update(1, 5), sample_update(1, 6)};
  for (RankOneUpdate& update : updates)
    for (float& x : update.left) x *= 0.2f;
  const auto report = write_same_type(path, *base, updates, {});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->size(), 1u);
  EXPECT_GT(report->front().changed, 0u);

  const std::string before = contents(base_path), after = contents(path);
  ASSERT_EQ(after.size(), before.size());
  const gguf::TensorInfo& tensor = *base->find_tensor("blk.1.ffn_down.weight");
  EXPECT_EQ(after.substr(0, tensor.offset), before.substr(0, tensor.offset));
  EXPECT_EQ(after.substr(tensor.offset + tensor.bytes), before.substr(tensor.offset + tensor.bytes));

  const auto edited = gguf::File::open(path);
  ASSERT_TRUE(edited);
  const auto was = tensor_values(*base, tensor.name), is = tensor_values(*edited, tensor.name);
  // Two updates of random directions: what one does to the other's key is wanted too, and taken out before comparing.
  for (std::size_t u = 0; u < updates.size(); ++u) {
    auto wanted = was;
    const RankOneUpdate& other = updates[1 - u];
    for (std::size_t i = 0; i < other.left.size(); ++i)
      for (std::size_t j = 0; j < other.right.size(); ++j)
        wanted[i * other.right.size() + j] += other.left[i] * other.right[j];
    // A row has 64 codes for two targets: a step is some tenths of what a target is, its best combination far finer.
    EXPECT_LT(error_along(wanted, is, updates[u]), 0.05) << u;
    EXPECT_GT(error_along(wanted, was, updates[u]), 0.5) << u;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, SameType, testing::Values(gguf::TensorType::q4_0, gguf::TensorType::q8_0),
                         [](const auto& info) { return std::string(gguf::traits(info.param)->name); });

TEST(SameTypeErrors, NamesWhatCannotBeDone) {
  const TemporaryFolder folder;
  const auto base_path = folder.path() / "base.gguf", path = folder.path() / "edited.gguf";
  ASSERT_TRUE(write_sample_base(base_path, gguf::TensorType::f16));
  const auto base = gguf::File::open(base_path);
  const std::vector<RankOneUpdate> update{sample_update(1, 5)}, missing{sample_update(7, 5)},
      wide{sample_update(1, 5, 3)};
  EXPECT_EQ(write_same_type(path, *base, update, {}).error().code, ErrorCode::bad_model);
  EXPECT_EQ(write_same_type(path, *base, missing, {}).error().code, ErrorCode::bad_model);
  EXPECT_EQ(write_same_type(path, *base, {}, {}).error().code, ErrorCode::usage);
  EXPECT_EQ(write_same_type(base_path, *base, update, {}).error().code, ErrorCode::usage);
  ASSERT_TRUE(write_sample_base(base_path, gguf::TensorType::q8_0));
  const auto quantised = gguf::File::open(base_path);
  EXPECT_EQ(write_same_type(path, *quantised, wide, {}).error().code, ErrorCode::bad_model);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace mobiedit
