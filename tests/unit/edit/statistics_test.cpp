// Statistics of a model: what is cached, under which key, and when it is measured anew.
#include "edit/statistics/statistics.h"

#include <gtest/gtest.h>

#include <fstream>

#include "edit/statistics/cache.h"
#include "mobiedit/edit/editor.h"
#include "unit/edit/random_matrix.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

constexpr int layer = 1;

std::string random_text(std::uint64_t seed) {
  std::string text;
  Random random(seed);
  for (int i = 0; i < 1500; ++i) text += static_cast<char>(' ' + random.below(90));
  return text;
}

class StatisticsTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  std::filesystem::path cache = folder.path() / "cache";

  void SetUp() override { std::filesystem::create_directory(cache); }

  // Changes the keys of the edited layer.
  [[nodiscard]] LowRankDelta strong_adapter() const {
    const auto d = static_cast<std::size_t>(model.config().d), f = static_cast<std::size_t>(model.config().f);
    LowRankDelta delta{"blk.0.ffn_down.weight", 1, std::vector<float>(f), std::vector<float>(d), 1.0f};
    Random(3).fill_normal(delta.a);
    Random(4).fill_normal(delta.b);
    return delta;
  }

  // C of an editor that learns from `text`, with adapters in force or without.
  [[nodiscard]] std::vector<float> covariance(const std::string& text, bool adapters, bool cached) const {
    EditOptions options;
    options.layer = layer;
    options.threads = 1;
    auto editor = Editor::create(model, options);
    EXPECT_TRUE(editor);
    if (adapters) {
      EXPECT_TRUE(editor->set_in_force({{strong_adapter()}, {}}));
    }
    const auto learnt = editor->set_statistics(text, cached ? cache.string() : "");
    EXPECT_TRUE(learnt) << learnt.error().message();
    return editor->key_moment()->values;
  }

  [[nodiscard]] std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(cache)) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }
};

TEST_F(StatisticsTest, OfAdaptersInForceAreNotTakenForTheModels) {
  const std::string text = random_text(6);
  const auto plain = covariance(text, false, false), adapted = covariance(text, true, false);
  ASSERT_NE(plain, adapted) << "the adapter changes nothing";
  EXPECT_EQ(covariance(text, true, true), adapted);
  EXPECT_EQ(covariance(text, false, true), plain) << "the cache holds statistics of an adapted model";
  EXPECT_EQ(covariance(text, true, true), adapted);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(StatisticsTest, OfAnotherTextAreMeasuredAnew) {
  const auto first = covariance(random_text(6), false, true);
  EXPECT_NE(covariance(random_text(7), false, true), first);
  EXPECT_EQ(covariance(random_text(6), false, true), first);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(StatisticsTest, ADamagedOrForeignFileIsReplaced) {
  const std::string text = random_text(6);
  const auto first = covariance(text, false, true);
  ASSERT_EQ(files().size(), 1u);
  const auto path = files()[0];
  const auto sound = gguf::File::open(path);
  ASSERT_TRUE(sound);
  const std::string key(reinterpret_cast<const char*>(sound->bytes().data()), sound->bytes().size());
  const auto again = [&](const std::string& bytes) {
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(covariance(text, false, true), first);
    const auto replaced = gguf::File::open(path);
    ASSERT_TRUE(replaced);
    EXPECT_TRUE(std::ranges::equal(replaced->bytes(), sound->bytes()));
  };
  again("");
  again("MECOV01\nan older format");
  again(key.substr(0, key.size() / 2));
  // A whole file, of another model.
  std::string foreign = key;
  const std::size_t at = foreign.find(model.fingerprint());
  ASSERT_NE(at, std::string::npos);
  foreign[at] = foreign[at] == '0' ? '1' : '0';
  again(foreign);
}

TEST(StatisticsKey, NamesAFileByAllThatItsValuesDependOn) {
  StatisticsKey key{
      .kind = "key-covariance", .version = 1, .model = "0123", .layer = 5, .text = {}, .active_edits = {}};
  EXPECT_EQ(key.file_name(), "0123-key-covariance-layer5.gguf");
  key.text = std::string(32, 'a');
  key.active_edits = std::string(32, 'b');
  EXPECT_EQ(key.file_name(), "0123-key-covariance-layer5-aaaaaaaaaaaaaaaa-editsbbbbbbbbbbbbbbbb.gguf");
  key.layer = -1;
  EXPECT_EQ(key.file_name(), "0123-key-covariance-aaaaaaaaaaaaaaaa-editsbbbbbbbbbbbbbbbb.gguf");
}

TEST(EditsFingerprint, TellsEditsApart) {
  const LowRankDelta one{"blk.1.ffn_down.weight", 1, {1, 2}, {3}, 1.0f};
  EXPECT_EQ(edits_fingerprint(Changes()), "");
  const std::string name = edits_fingerprint({{one}, {}});
  EXPECT_EQ(name, edits_fingerprint({{one}, {}}));
  const auto differs = [&](auto change) {
    LowRankDelta other = one;
    change(other);
    return edits_fingerprint({{other}, {}}) != name;
  };
  EXPECT_TRUE(differs([](LowRankDelta& e) { e.tensor = "blk.2.ffn_down.weight"; }));
  EXPECT_TRUE(differs([](LowRankDelta& e) { e.a[1] = 3; }));
  EXPECT_TRUE(differs([](LowRankDelta& e) { e.b[0] = 4; }));
  EXPECT_TRUE(differs([](LowRankDelta& e) { e.scale = 2; }));
  const Changes both{{one, one}, {}};
  EXPECT_NE(edits_fingerprint(both), name);
}

// With the cache's folder read-only or missing nothing can be kept, and the caller hears of it.
TEST_F(StatisticsTest, AFolderThatIsNotThereIsAnError) {
  EditOptions options;
  options.layer = layer;
  options.threads = 1;
  auto editor = Editor::create(model, options);
  ASSERT_TRUE(editor);
  const auto learnt = editor->set_statistics(random_text(6), (folder.path() / "none").string());
  ASSERT_FALSE(learnt);
  EXPECT_EQ(learnt.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace mobiedit
