#include "mobiedit/store/baked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "mobiedit/store/adapter.h"
#include "store/provenance.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

using gguf::TensorType;

class Baked : public ::testing::Test {
 protected:
  gguf::File base_of(TensorType type) {
    const auto path = path_in("base.gguf");
    EXPECT_TRUE(write_sample_base(path, type));
    auto file = gguf::File::open(path);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  std::filesystem::path path_in(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
};

TEST_F(Baked, AddsTheUpdateAndKeepsAllElse) {
  const gguf::File base = base_of(TensorType::f32);
  const std::vector updates{sample_update(1, 1), sample_update(1, 2)};
  const auto report = write_baked(path_in("out.gguf"), base, updates, {"0.1.0", "abc", {}});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->size(), 1u);
  EXPECT_EQ((*report)[0].after, TensorType::f32);

  const auto out = gguf::File::open(path_in("out.gguf"));
  ASSERT_TRUE(out);
  for (const auto& tensor : base.tensors()) {
    const auto* copy = out->find_tensor(tensor.name);
    ASSERT_NE(copy, nullptr);
    if (tensor.name == "blk.1.ffn_down.weight") continue;
    EXPECT_EQ(copy->type, tensor.type);
    EXPECT_TRUE(std::ranges::equal(base.data(tensor), out->data(*copy))) << tensor.name;
  }
  for (const auto& entry : base.metadata()) {
    const auto* copy = out->find(entry.key);
    ASSERT_NE(copy, nullptr) << entry.key;
    EXPECT_EQ(copy->value, entry.value);
  }

  const auto before = tensor_values(base, "blk.1.ffn_down.weight");
  const auto after = tensor_values(*out, "blk.1.ffn_down.weight");
  for (std::size_t i = 0; i < sample_d; ++i) {
    for (std::size_t j = 0; j < sample_f; ++j) {
      double wanted = before[i * sample_f + j];
      for (const auto& update : updates) wanted += double{update.left[i]} * update.right[j];
      // Two float additions to values below 2: a few units of 2^-24.
      EXPECT_NEAR(after[i * sample_f + j], wanted, 1e-6);
    }
  }
}

TEST_F(Baked, PromotesWhatWouldRoundTheUpdateAway) {
  for (const auto type : {TensorType::q4_0, TensorType::q8_0, TensorType::f16}) {
    const gguf::File base = base_of(type);
    const std::vector updates{sample_update(0, 3)};
    const auto report = write_baked(path_in("out.gguf"), base, updates, {});
    ASSERT_TRUE(report) << report.error().message();
    const BakedTensor& tensor = (*report)[0];
    EXPECT_EQ(tensor.before, type);
    EXPECT_NE(tensor.after, TensorType::q4_0);
    EXPECT_LE(tensor.update_error, 0.05);
    EXPECT_EQ(gguf::File::open(path_in("out.gguf"))->find_tensor("blk.0.ffn_down.weight")->type, tensor.after);
    if (type == TensorType::f16) {
      EXPECT_EQ(tensor.after, TensorType::f16);
    }
  }
}

TEST_F(Baked, MeasuresTheRoundingAlongTheKey) {
  const gguf::File base = base_of(TensorType::q8_0);
  // A thousandth of the weight: far below half a step of Q8_0, within what F16 resolves.
  RankOneUpdate small = sample_update(0, 3);
  for (float& x : small.left) x *= 1e-3f;
  const auto report = write_baked(path_in("out.gguf"), base, std::vector{small}, {});
  ASSERT_TRUE(report);
  EXPECT_NE((*report)[0].after, TensorType::q8_0);
  EXPECT_LE((*report)[0].update_error, 0.05);

  const auto forced = write_baked(path_in("out.gguf"), base, std::vector{small}, {}, {.type = TensorType::q8_0});
  ASSERT_TRUE(forced);
  EXPECT_EQ((*forced)[0].after, TensorType::q8_0);
  EXPECT_GT((*forced)[0].update_error, 0.05);
}

TEST_F(Baked, WhatF16CannotHoldBecomesF32) {
  const gguf::File base = base_of(TensorType::f16);
  RankOneUpdate huge = sample_update(0, 3);
  for (float& x : huge.left) x *= 1e7f;
  const auto report = write_baked(path_in("out.gguf"), base, std::vector{huge}, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ((*report)[0].after, TensorType::f32);
}

TEST_F(Baked, StackedUpdatesAreWrittenAsTheUpdatesThemselves) {
  const std::vector updates{sample_update(0, 3), sample_update(1, 4), sample_update(0, 5)};
  const auto deltas = stack_updates(updates);
  ASSERT_TRUE(deltas);
  for (const auto type : {TensorType::q4_0, TensorType::q8_0, TensorType::f32}) {
    const gguf::File base = base_of(type);
    const auto one = write_baked(path_in("one.gguf"), base, updates, {});
    const auto other = write_baked(path_in("other.gguf"), base, *deltas, {});
    ASSERT_TRUE(one && other) << other.error().message();
    EXPECT_EQ(contents(path_in("one.gguf")), contents(path_in("other.gguf")));
    EXPECT_EQ((*one)[0].update_error, (*other)[0].update_error);
  }
}

// As a neuron's rows of gate and up are.
TEST_F(Baked, RowsThatNoUpdateChangesKeepTheirBytes) {
  const gguf::File base = base_of(TensorType::q8_0);
  LowRankDelta row{"blk.0.ffn_down.weight", 1, random_values(sample_f, 5), std::vector<float>(sample_d), 1};
  row.b[7] = 1;
  const auto report = write_baked(path_in("out.gguf"), base, std::vector{row}, {}, {.type = TensorType::q8_0});
  ASSERT_TRUE(report) << report.error().message();
  const auto written = gguf::File::open(path_in("out.gguf"));
  ASSERT_TRUE(written);
  const auto before = base.data(*base.find_tensor(row.tensor)),
             after = written->data(*written->find_tensor(row.tensor));
  const std::size_t stride = gguf::row_bytes(TensorType::q8_0, sample_f);
  for (std::size_t i = 0; i < sample_d; ++i)
    EXPECT_EQ(std::ranges::equal(before.subspan(i * stride, stride), after.subspan(i * stride, stride)), i != 7) << i;
}

TEST_F(Baked, RefusesDeltasOfOtherSizes) {
  const gguf::File base = base_of(TensorType::f32);
  const LowRankDelta sound{"blk.0.ffn_down.weight", 1, random_values(sample_f, 5), random_values(sample_d, 6), 1};
  const auto bake = [&](const std::function<void(LowRankDelta&)>& change) {
    LowRankDelta delta = sound;
    change(delta);
    const auto done = write_baked(path_in("out.gguf"), base, std::vector{delta}, {});
    return done ? ErrorCode::other : done.error().code;
  };
  EXPECT_EQ(bake([](auto&) {}), ErrorCode::other);
  EXPECT_EQ(bake([](auto& delta) { delta.a.pop_back(); }), ErrorCode::bad_model);
  EXPECT_EQ(bake([](auto& delta) { delta.tensor = "blk.9.ffn_down.weight"; }), ErrorCode::bad_model);
  EXPECT_EQ(bake([](auto& delta) { delta.scale = 2; }), ErrorCode::usage);
  EXPECT_EQ(bake([](auto& delta) { std::ranges::fill(delta.a, 0.0f); }), ErrorCode::usage);
}

TEST_F(Baked, NeverTouchesTheBase) {
  const gguf::File base = base_of(TensorType::q8_0);
  const std::string before = contents(base.path());
  std::filesystem::create_symlink(base.path(), path_in("link.gguf"));
  std::filesystem::create_hard_link(base.path(), path_in("hard.gguf"));
  for (const auto& path :
       {base.path(), path_in("link.gguf"), path_in("hard.gguf"), folder_.path() / "." / "base.gguf"}) {
    const auto done = write_baked(path, base, std::vector{sample_update(0, 1)}, {});
    ASSERT_FALSE(done) << path;
    EXPECT_EQ(done.error().code, ErrorCode::usage);
  }
  EXPECT_EQ(contents(base.path()), before);
}

TEST_F(Baked, RefusesUpdatesOfAnotherModel) {
  const gguf::File base = base_of(TensorType::f32);
  const auto bake = [&](const RankOneUpdate& update) {
    return write_baked(path_in("out.gguf"), base, std::vector{update}, {}).error().code;
  };
  EXPECT_EQ(bake(sample_update(2, 1)), ErrorCode::bad_model);
  EXPECT_EQ(bake(sample_update(0, 1, sample_d + 1)), ErrorCode::bad_model);
  EXPECT_EQ(bake(sample_update(0, 1, sample_d, sample_f / 2)), ErrorCode::bad_model);
  RankOneUpdate zero = sample_update(0, 1);
  std::ranges::fill(zero.right, 0.0f);
  EXPECT_EQ(bake(zero), ErrorCode::usage);
  EXPECT_EQ(write_baked(path_in("out.gguf"), base, std::vector<RankOneUpdate>(), {}).error().code, ErrorCode::usage);
  EXPECT_FALSE(std::filesystem::exists(path_in("out.gguf")));
}

TEST_F(Baked, KeepsTheHistoryOfAnEditedBase) {
  const gguf::File base = base_of(TensorType::f32);
  const EditInfo first = edited("A", "B", 0, 1);
  const EditInfo second = edited("C", "D", 1, 2);
  ASSERT_TRUE(write_baked(path_in("one.gguf"), base, std::vector{sample_update(0, 1)}, {"1", "base", {first}}));
  const auto once = gguf::File::open(path_in("one.gguf"));
  ASSERT_TRUE(once);
  ASSERT_TRUE(write_baked(path_in("two.gguf"), *once, std::vector{sample_update(1, 2)}, {"2", "one", {second}}));
  const auto twice = gguf::File::open(path_in("two.gguf"));
  ASSERT_TRUE(twice);
  const auto provenance = get_provenance(*twice);
  ASSERT_TRUE(provenance) << provenance.error().message();
  EXPECT_EQ(provenance->version, "2");
  ASSERT_EQ(provenance->edits.size(), 2u);
  EXPECT_EQ(provenance->edits[0].subject, "A");
  EXPECT_EQ(provenance->edits[1].subject, "C");
}

}  // namespace
}  // namespace mobiedit
