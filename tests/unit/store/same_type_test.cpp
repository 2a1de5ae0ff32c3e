#include "mobiedit/store/same_type.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mobiedit/store/baked.h"
#include "mobiedit/store/undo_patch.h"
#include "unit/split_file.h"
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

class SameType : public testing::TestWithParam<const gguf::Codec*> {};

TEST_P(SameType, TheKeyGetsItsValueInAFileOfTheSameSizeAndLayout) {
  const TemporaryFolder folder;
  const auto base_path = folder.path() / "base.gguf", path = folder.path() / "edited.gguf";
  const gguf::Codec& codec = *GetParam();
  const std::size_t f = std::max(sample_f, codec.traits.block_values);
  ASSERT_TRUE(write_sample_base(base_path, codec.type, "qwen2", f));
  const auto base = gguf::File::open(base_path);
  ASSERT_TRUE(base) << base.error().message();
  // A block's scale bounds what its codes can become: an update as large as the weight itself would not fit.
  std::vector<RankOneUpdate> updates{sample_update(1, 5, sample_d, f), sample_update(1, 6, sample_d, f)};
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

INSTANTIATE_TEST_SUITE_P(Types, SameType, testing::ValuesIn(gguf::codecs().begin(), gguf::codecs().end()),
                         [](const auto& test) { return std::string(test.param->traits.name); });

TEST(SameTypeSplit, ASplitBaseBecomesOneFileWithTheSameTensors) {
  const TemporaryFolder folder;
  const auto whole_path = folder.path() / "base.gguf", path = folder.path() / "edited.gguf";
  ASSERT_TRUE(write_sample_base(whole_path, gguf::TensorType::q4_0));
  const auto whole = gguf::File::open(whole_path);
  const auto first = test::write_split(folder.path() / "base", *whole, 3);
  ASSERT_TRUE(first) << first.error().message();
  const auto split = gguf::File::open(*first);
  ASSERT_TRUE(split) << split.error().message();
  const std::vector<RankOneUpdate> update{sample_update(1, 5)};
  ASSERT_TRUE(write_same_type(path, *split, update, {}));
  ASSERT_TRUE(write_same_type(folder.path() / "edited-whole.gguf", *whole, update, {}));
  const auto from_split = gguf::File::open(path), from_whole = gguf::File::open(folder.path() / "edited-whole.gguf");
  ASSERT_TRUE(from_split) << from_split.error().message();
  EXPECT_EQ(from_split->pieces(), 1u);
  for (const gguf::TensorInfo& tensor : from_whole->tensors())
    EXPECT_TRUE(std::ranges::equal(from_split->data(*from_split->find_tensor(tensor.name)), from_whole->data(tensor)));
  const auto last = test::piece_path(folder.path() / "base", 2, 3);
  EXPECT_EQ(write_same_type(last, *split, update, {}).error().code, ErrorCode::usage) << "a piece is the base";
  EXPECT_EQ(write_baked(last, *split, update, {}, {}).error().code, ErrorCode::usage) << "a piece is the base";
  EXPECT_EQ(make_undo_patch(*split, *from_split).error().code, ErrorCode::usage);
  ASSERT_TRUE(write_baked(folder.path() / "baked.gguf", *split, update, {}, {}));
  EXPECT_TRUE(gguf::File::open(folder.path() / "baked.gguf"));
}

TEST(SameTypeErrors, NamesWhatCannotBeDone) {
  const TemporaryFolder folder;
  const auto base_path = folder.path() / "base.gguf", path = folder.path() / "edited.gguf";
  ASSERT_TRUE(write_sample_base(base_path, gguf::TensorType::f16));
  std::vector<RankOneUpdate> large{sample_update(1, 5)};
  for (float& x : large.front().left) x *= 1e6f;
  const auto base = gguf::File::open(base_path);
  const std::vector<RankOneUpdate> update{sample_update(1, 5)}, missing{sample_update(7, 5)},
      wide{sample_update(1, 5, 3)};
  EXPECT_EQ(write_same_type(path, *base, large, {}).error().code, ErrorCode::usage);
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
