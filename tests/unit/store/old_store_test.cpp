// Stores and a dump that earlier versions wrote: tests/golden/store-version-1.{db,jsonl}, before an edit had an origin,
// and store-version-2.db, before there were neurons.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/schema.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

const std::filesystem::path goldens = MOBIEDIT_SOURCE_DIR "/tests/golden";

/// Edit number `i` of that store; it has the fields that there were.
Edit old_edit(int i, const std::string& base = "base") {
  Edit edit;
  edit.id = i + 1;
  edit.request = {"Subject " + std::to_string(i), "{} speaks", "Greek", {"What does he speak?"}, {"He eats"}};
  edit.update = sample_update(i % 2, static_cast<std::uint64_t>(i) + 1);
  edit.evidence.success = true;
  edit.evidence.loss = 0.1 * i;
  if (i % 2 == 0) edit.evidence.perplexity_before = 20.25;
  if (i % 2 == 0) edit.evidence.perplexity_after = 20.5 + i;
  edit.evidence.answer_before = " Latin\n\"quoted\"";
  edit.evidence.paraphrases = {{"What does he speak?", "Latin", "Greek", true}};
  edit.origin.base = {base, "qwen2", "sample"};
  edit.origin.method = "subspace";
  edit.origin.seed = 0xffff'ffff'ffff'fff0u + static_cast<std::uint64_t>(i % 16);
  edit.origin.made_at = 1'700'000'000 + i;
  return edit;
}

Edit disabled(Edit edit) {
  edit.enabled = false;
  return edit;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class OldStoreTest : public testing::TestWithParam<Store::Access> {
 protected:
  TemporaryFolder folder_;
};

TEST_P(OldStoreTest, IsBroughtUpToDateWithEveryEditInIt) {
  const auto path = folder_.path() / "edits.db";
  std::filesystem::copy_file(goldens / "store-version-1.db", path);
  for (int times = 0; times < 2; ++times) {  // the second finds the store new already
    const auto store = Store::open(path, GetParam());
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_EQ(*store->get(1), old_edit(0));
    EXPECT_EQ(*store->get(2), disabled(old_edit(1)));
    EXPECT_EQ(*store->get(3), old_edit(2, "other"));
    EXPECT_EQ(store->check()->size(), 0u);
  }
  auto database = Database::open(path, false);
  ASSERT_TRUE(database);
  EXPECT_EQ(*database->number("PRAGMA user_version"), newest_store_version());
}

// Version 2 had origins, and no neurons.
TEST_P(OldStoreTest, VersionTwoTakesNeurons) {
  const auto path = folder_.path() / "edits.db";
  std::filesystem::copy_file(goldens / "store-version-2.db", path);
  {
    ASSERT_TRUE(Store::open(path, GetParam()));
  }
  auto store = Store::open(path, Store::Access::write);
  ASSERT_TRUE(store) << store.error().message();
  Edit added = sample_edit(4);
  added.update = Neuron{1, random_values(sample_d, 1), random_values(sample_d, 2), random_values(sample_d, 3)};
  ASSERT_TRUE(store->add({&added, 1}));
  EXPECT_EQ(*store->get(4), kept_as(4, added));
  EXPECT_EQ(*store->get(1), old_edit(0));
  EXPECT_EQ(store->check()->size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(EitherWay, OldStoreTest, testing::Values(Store::Access::read, Store::Access::write));

TEST_F(OldStoreTest, TakesNewEditsBesideTheOld) {
  const auto path = folder_.path() / "edits.db";
  std::filesystem::copy_file(goldens / "store-version-1.db", path);
  auto store = Store::open(path, Store::Access::write);
  ASSERT_TRUE(store) << store.error().message();
  const Edit added = sample_edit(4);
  ASSERT_TRUE(store->add({&added, 1}));
  EXPECT_EQ(*store->get(4), kept_as(4, added));
  EXPECT_EQ(*store->get(1), old_edit(0));
}

TEST_F(OldStoreTest, ItsDumpCanBeLoadedAndIsKnownAgain) {
  auto store = Store::open(folder_.path() / "edits.db", Store::Access::write);
  ASSERT_TRUE(store);
  const std::string lines = text_of(goldens / "store-version-1.jsonl");
  const auto loaded = store->load(lines, "old.jsonl");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->added, 3u);
  EXPECT_EQ(*store->get(1), old_edit(0));
  EXPECT_EQ(*store->get(2), disabled(old_edit(1)));
  EXPECT_EQ(store->load(lines, "old.jsonl")->known, 3u);
}

}  // namespace
}  // namespace mobiedit
