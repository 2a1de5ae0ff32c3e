// Neurons in files: an adapter and a merged model over the least used neurons do what the neurons do beside the
// weights.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/adapter.h"
#include "mobiedit/workspace/workspace.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"
#include "unit/workspace/tiny_workspace.h"

namespace mobiedit {
namespace {

constexpr int d = 64, f = 96, spare = 24, layer = 1;

class NeuronFilesTest : public testing::Test {
 protected:
  /// The last `spare` neurons of the layer add nothing, so that the model without them is the model.
  NeuronFilesTest() {
    test::TinyModel tiny;
    tiny.context = 512;
    tiny.without = "blk.1.ffn_down.weight";
    down_.resize(static_cast<std::size_t>(d) * f);
    Random(3).fill_normal(down_);
    for (std::size_t i = 0; i < down_.size(); ++i) down_[i] = i % f >= f - spare ? 0.0f : 0.1f * down_[i];
    tiny.change = [this](gguf::Writer& writer) {
      writer.add_tensor("blk.1.ffn_down.weight", gguf::TensorType::f32, {f, d},
                        [this]() -> Result<std::span<const std::byte>> { return std::as_bytes(std::span(down_)); });
    };
    test::write_tiny_model(folder_ / "m.gguf", tiny);
  }
  static Edit fact(const Model& model, int i) {
    Edit edit;
    edit.request = {"Subject " + std::to_string(i), "{} likes", "tea", {}, {}};
    edit.origin.base = {model.fingerprint(), model.config().architecture, "tiny"};
    edit.origin.method = "subspace";
    Neuron neuron{layer, std::vector<float>(d), std::vector<float>(d), std::vector<float>(d)};
    Random random(static_cast<std::uint64_t>(i) + 10);
    for (auto* row : {&neuron.gate, &neuron.up, &neuron.down}) random.fill_normal(*row);
    for (auto* row : {&neuron.gate, &neuron.up})
      for (float& x : *row) x *= 0.2f;
    edit.update = std::move(neuron);
    return edit;
  }
  static Edit rank_one_fact(const Model& model) {
    Edit edit = fact(model, 99);
    RankOneUpdate update{layer, std::vector<float>(d), std::vector<float>(f)};
    Random random(5);
    random.fill_normal(update.left);
    random.fill_normal(update.right);
    for (float& x : update.right) x *= 0.1f;
    // The column of a neuron that is overwritten cannot hold two things.
    std::fill(update.right.end() - spare, update.right.end(), 0.0f);
    edit.update = std::move(update);
    return edit;
  }
  Workspace space_with(const std::vector<Edit>& edits) {
    auto store = Store::open(folder_ / "edits.db", Store::Access::write);
    if (!store || !store->add(edits)) throw std::runtime_error("no store");
    return test::workspace_on(engine_, folder_ / "m.gguf", folder_ / "edits.db");
  }
  static OutputFile output(const std::filesystem::path& path) {
    auto file = OutputFile::reserve(path, 1, {});
    if (!file) throw std::runtime_error(file.error().message());
    return std::move(*file);
  }
  static std::vector<float> logits(Session& session) {
    const std::vector<Token> tokens{70, 71, 72, 73};
    session.clear();
    EXPECT_TRUE(session.append(tokens));
    return {session.logits().begin(), session.logits().end()};
  }
  static float difference(const std::vector<float>& x, const std::vector<float>& y) {
    float largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
    return largest;
  }

  TemporaryFolder folder_;
  Engine engine_{1};
  std::vector<float> down_;
};

TEST_F(NeuronFilesTest, AnAdapterDoesWhatTheNeuronsDo) {
  const auto model = test::open_in(engine_, folder_ / "m.gguf");
  const auto space = space_with({fact(*model, 1), rank_one_fact(*model), fact(*model, 2), fact(*model, 3)});
  const auto written =
      space.export_to(output(folder_ / "a.gguf"), {.kind = OutputKind::adapter, .ask = false, .undo_patch = {}});
  ASSERT_TRUE(written) << written.error().message();
  auto adapter = read_adapter(folder_ / "a.gguf");
  ASSERT_TRUE(adapter) << adapter.error().message();
  EXPECT_EQ(adapter->deltas.size(), 3u);
  EXPECT_EQ(adapter->deltas[0].rank, 11);  // 8 with the rank-one update's padding, and the three neurons

  auto beside = space.session();
  auto base = space.session(false), from_file = space.session(false, adapter->deltas);
  ASSERT_TRUE(beside && base && from_file);
  // Sums in another order, and weights that went through one subtraction and one addition.
  EXPECT_LT(difference(logits(*beside), logits(*from_file)), 2e-4f);
  EXPECT_GT(difference(logits(*beside), logits(*base)), 0.1f);

  const auto verified = space.verify(folder_ / "a.gguf");
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->edits.size(), 4u);
  for (const std::string& fault : verified->faults) EXPECT_TRUE(fault.starts_with("it does not answer")) << fault;
}

TEST_F(NeuronFilesTest, AFileHasRoomForAQuarterOfALayersNeurons) {
  const auto model = test::open_in(engine_, folder_ / "m.gguf");
  std::vector<Edit> edits;
  for (int i = 0; i <= spare; ++i) edits.push_back(fact(*model, i));
  auto space = space_with(edits);
  const auto write = [&] {
    return space.export_to(output(folder_ / "a.gguf"), {.kind = OutputKind::adapter, .ask = false, .undo_patch = {}});
  };
  const auto refused = write();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::usage);
  EXPECT_NE(refused.error().what.find("no room for 25 edits"), std::string::npos) << refused.error().what;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.gguf"));
  ASSERT_TRUE(space.undo(std::vector<std::int64_t>{7}));
  EXPECT_TRUE(write());
}

TEST_F(NeuronFilesTest, AModelThatDoesNotAnswerIsNotWritten) {
  const auto model = test::open_in(engine_, folder_ / "m.gguf");
  const auto space = space_with({fact(*model, 1)});
  const auto refused =
      space.export_to(output(folder_ / "e.gguf"), {.kind = OutputKind::model, .ask = true, .undo_patch = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::verification);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "e.gguf"));
}

}  // namespace
}  // namespace mobiedit
