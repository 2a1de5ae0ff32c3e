// Neurons in weights of a fixed type, against rows and blocks written by hand.
#include "store/rewrite_neurons.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gguf/codec/codec.h"
#include "mobiedit/store/same_type.h"
#include "mobiedit/store/undo_patch.h"
#include "unit/store/sample_base.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using gguf::TensorType;

constexpr std::size_t d = 64, f = 96, block = 32;

PlacedNeurons some_neurons(std::vector<int> slots) {
  PlacedNeurons layer{1, {}, std::move(slots)};
  for (std::size_t i = 0; i < layer.slots.size(); ++i)
    layer.neurons.push_back(
        {1, random_values(d, 10 * i + 1), random_values(d, 10 * i + 2, 0.2f), random_values(d, 10 * i + 3)});
  return layer;
}

/// The row as the type gives it back.
std::vector<float> rounded(TensorType type, const std::vector<float>& row) {
  std::vector<std::byte> bytes(gguf::row_bytes(type, row.size()));
  EXPECT_TRUE(gguf::quantize(type, row, bytes));
  std::vector<float> values(row.size());
  gguf::dequantize(type, bytes, values);
  return values;
}

class RewriteNeurons : public testing::TestWithParam<TensorType> {
 protected:
  gguf::File base() {
    test::TinyModel tiny;
    tiny.type = GetParam();
    test::write_tiny_model(folder_ / "base.gguf", tiny);
    auto file = gguf::File::open(folder_ / "base.gguf");
    if (!file) throw std::runtime_error(file.error().message());
    return std::move(*file);
  }
  TemporaryFolder folder_;
};

TEST_P(RewriteNeurons, RowsAndBlocksAreRoundedAnewAndNothingElse) {
  const gguf::File file = base();
  const PlacedNeurons layer = some_neurons({33, 40});
  const auto report = write_same_type(folder_ / "out.gguf", file, {}, {}, 1, {&layer, 1});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->size(), 3u);
  for (const FlippedTensor& tensor : *report) EXPECT_LT(tensor.update_error, 0.2) << tensor.name;
  const auto out = gguf::File::open(folder_ / "out.gguf");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->bytes().size(), file.bytes().size());
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    const bool edited = tensor.name.starts_with("blk.1.ffn_") && !tensor.name.ends_with("norm.weight");
    EXPECT_EQ(std::ranges::equal(file.data(tensor), out->data(tensor)), !edited) << tensor.name;
  }
  const auto values = [](const gguf::File& of, const char* name) { return tensor_values(of, name); };
  for (const auto& [name, wanted] :
       {std::pair{"blk.1.ffn_gate.weight", &Neuron::gate}, {"blk.1.ffn_up.weight", &Neuron::up}}) {
    const auto before = values(file, name), after = values(*out, name);
    for (std::size_t row = 0; row < f; ++row) {
      const auto slot = std::ranges::find(layer.slots, static_cast<int>(row)) - layer.slots.begin();
      const bool own = slot == 2;
      const std::vector<float> expected =
          own ? std::vector<float>(before.begin() + static_cast<std::ptrdiff_t>(row * d),
                                   before.begin() + static_cast<std::ptrdiff_t>((row + 1) * d))
              : rounded(GetParam(), layer.neurons[static_cast<std::size_t>(slot)].*wanted);
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), after.begin() + static_cast<std::ptrdiff_t>(row * d)))
          << name << ' ' << row;
    }
  }
  const auto before = values(file, "blk.1.ffn_down.weight"), after = values(*out, "blk.1.ffn_down.weight");
  const bool alone = gguf::find_codec(GetParam())->traits.block_values == 1;
  for (std::size_t row = 0; row < d; ++row) {
    std::vector<float> expected(before.begin() + static_cast<std::ptrdiff_t>(row * f),
                                before.begin() + static_cast<std::ptrdiff_t>((row + 1) * f));
    std::vector<float> written(block, 0.0f);
    for (std::size_t i = 0; i < 2; ++i)
      written[static_cast<std::size_t>(layer.slots[i]) - block] = layer.neurons[i].down[row];
    written = rounded(GetParam(), written);
    for (std::size_t i = 0; i < block; ++i)
      if (!alone || i == 1 || i == 8) expected[block + i] = written[i];
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), after.begin() + static_cast<std::ptrdiff_t>(row * f)))
        << row;
  }
}

TEST_P(RewriteNeurons, ThePatchGivesTheBaseBackToTheByte) {
  const gguf::File file = base();
  const PlacedNeurons layer = some_neurons({3});
  ASSERT_TRUE(write_same_type(folder_ / "out.gguf", file, {}, {}, 1, {&layer, 1}));
  const auto out = gguf::File::open(folder_ / "out.gguf");
  const auto patch = make_undo_patch(file, *out);
  ASSERT_TRUE(patch) << patch.error().message();
  ASSERT_TRUE(apply_undo_patch(folder_ / "back.gguf", *out, *patch, "patch"));
  EXPECT_EQ(contents(folder_ / "back.gguf"), contents(folder_ / "base.gguf"));
}

INSTANTIATE_TEST_SUITE_P(Types, RewriteNeurons,
                         testing::Values(TensorType::f32, TensorType::f16, TensorType::q8_0, TensorType::q4_1),
                         [](const auto& type) { return std::string(gguf::traits(type.param)->name); });

TEST(RewriteNeuronsOf, RefusesWhatDoesNotFit) {
  TemporaryFolder folder;
  test::write_tiny_model(folder / "m.gguf", {});
  const auto file = gguf::File::open(folder / "m.gguf");
  const auto code = [&](const PlacedNeurons& layer) {
    const auto done = write_same_type(folder / "out.gguf", *file, {}, {}, 1, {&layer, 1});
    return done ? ErrorCode::other : done.error().code;
  };
  EXPECT_EQ(code(some_neurons({3})), ErrorCode::other);
  EXPECT_EQ(code(some_neurons({96})), ErrorCode::bad_model);
  EXPECT_EQ(code(some_neurons({-1})), ErrorCode::bad_model);
  EXPECT_EQ(code(some_neurons({})), ErrorCode::usage);
  PlacedNeurons elsewhere = some_neurons({3}), narrow = elsewhere;
  elsewhere.layer = 9;
  narrow.neurons[0].up.pop_back();
  EXPECT_EQ(code(elsewhere), ErrorCode::bad_model);
  EXPECT_EQ(code(narrow), ErrorCode::bad_model);
}

}  // namespace
}  // namespace mobiedit
