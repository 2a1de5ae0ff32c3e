#include "mobiedit/store/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>

#include "io/file_lock.h"
#include "mobiedit/store/errors.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

class StoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "edits.db"; }
  [[nodiscard]] Store open() const {
    auto store = Store::open(path(), Store::Access::write, "a test");
    if (!store) throw std::runtime_error(store.error().message());
    return std::move(*store);
  }
  static std::vector<std::int64_t> in_force(const Store& store, const std::string& base = "base") {
    std::vector<std::int64_t> ids;
    const auto edits = store.in_force(base);
    EXPECT_TRUE(edits) << edits.error().message();
    if (edits)
      for (const Edit& edit : *edits) ids.push_back(edit.id);
    return ids;
  }
  static std::vector<std::int64_t> add(Store& store, std::vector<Edit> edits) {
    const auto ids = store.add(edits);
    EXPECT_TRUE(ids) << ids.error().message();
    return ids.value_or(std::vector<std::int64_t>());
  }
  static std::string dump(const Store& store) {
    std::string text;
    const auto done = store.dump([&](std::string_view line) -> Status {
      text += line;
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    return text;
  }
  TemporaryFolder folder_;
};

TEST_F(StoreTest, WhatIsKeptComesBackToTheLastBit) {
  {
    Store store = open();
    EXPECT_EQ(add(store, {sample_edit(0), sample_edit(1), sample_edit(2, "other")}),
              (std::vector<std::int64_t>{1, 2, 3}));
  }
  const auto store = Store::open(path(), Store::Access::read);
  ASSERT_TRUE(store) << store.error().message();
  const auto edits = store->in_force("base");
  ASSERT_TRUE(edits) << edits.error().message();
  ASSERT_EQ(edits->size(), 2u);
  EXPECT_EQ((*edits)[0], kept_as(1, sample_edit(0)));
  EXPECT_EQ((*edits)[1], kept_as(2, sample_edit(1)));
  const auto one = store->get(3);
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, kept_as(3, sample_edit(2, "other")));
  EXPECT_EQ(store->get(4).error().id, store_errors::no_edit.name);
}

TEST_F(StoreTest, OfTheEnabledEditsOfOneFactTheNewestIsInForce) {
  Store store = open();
  Edit spaced = sample_edit(0);
  spaced.request.subject = " Subject  0 ";
  spaced.request.target_new = "Basque";
  Edit elsewhere = sample_edit(0, "other");
  add(store, {sample_edit(0), sample_edit(1), spaced, elsewhere});
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(in_force(store, "other"), (std::vector<std::int64_t>{4}));
  const auto list = store.list("base");
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)[0].replaced_by, 3);
  EXPECT_FALSE((*list)[1].replaced_by);

  const std::vector<std::int64_t> newer{3};
  ASSERT_TRUE(store.set_enabled(newer, false));
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{1, 2}));
  ASSERT_TRUE(store.set_enabled(newer, true));
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{2, 3}));
  ASSERT_TRUE(store.remove(newer));
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(StoreTest, AnIdIsNeverGivenTwice) {
  Store store = open();
  add(store, {sample_edit(0), sample_edit(1)});
  const std::vector<std::int64_t> both{1, 2};
  ASSERT_TRUE(store.remove(both));
  EXPECT_EQ(add(store, {sample_edit(2)}), (std::vector<std::int64_t>{3}));
}

TEST_F(StoreTest, AChangeIsWholeOrNotAtAll) {
  Store store = open();
  add(store, {sample_edit(0), sample_edit(1)});
  const std::vector<std::int64_t> one_unknown{1, 9};
  EXPECT_EQ(store.remove(one_unknown).error().id, store_errors::no_edit.name);
  EXPECT_EQ(store.set_enabled(one_unknown, false).error().id, store_errors::no_edit.name);
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{1, 2}));

  Edit bad = sample_edit(3);
  std::get<RankOneUpdate>(bad.update).left[1] = std::numeric_limits<float>::infinity();
  const std::vector<Edit> half{sample_edit(2), bad};
  EXPECT_EQ(store.add(half).error().id, store_errors::update.name);
  bad = sample_edit(3);
  bad.request.subject = "\xff";
  EXPECT_EQ(store.add({&bad, 1}).error().code, ErrorCode::usage);
  EXPECT_EQ(in_force(store), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(StoreTest, AnAnswerThatEndsWithinACharacterCanBeKept) {
  Store store = open();
  Edit edit = sample_edit(0);
  edit.evidence.answer_after = "\xe6\x97";
  add(store, {edit});
  EXPECT_EQ(store.get(1)->evidence.answer_after, "\xef\xbf\xbd");
}

TEST_F(StoreTest, OneWriterAtATimeAndReadersBesideIt) {
  Store store = open();
  add(store, {sample_edit(0)});
  const auto second = Store::open(path(), Store::Access::write, "another");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::locked);
  EXPECT_NE(second.error().what.find("a test, process"), std::string::npos) << second.error().what;
  auto reader = Store::open(path(), Store::Access::read);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(in_force(*reader).size(), 1u);
  EXPECT_EQ(reader->remove({}).error().id, store_errors::read_only.name);
}

// A reader that comes while a new store is being made waits until it is a store.
TEST_F(StoreTest, AReaderWaitsForTheWriterThatMakesTheStore) {
  std::optional<io::FileLock> maker = *io::FileLock::acquire(path(), "the maker");
  std::ofstream(path()).flush();  // empty so far
  std::thread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    maker.reset();
  });
  const auto reader = Store::open(path(), Store::Access::read);
  soon.join();
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_TRUE(reader->list()->empty());
}

TEST_F(StoreTest, ADumpIsTheStore) {
  Store store = open();
  add(store, {sample_edit(0), sample_edit(1), sample_edit(2), sample_edit(1)});
  const std::vector<std::int64_t> first{1}, third{3};
  ASSERT_TRUE(store.remove(first));
  ASSERT_TRUE(store.set_enabled(third, false));
  const std::string text = dump(store);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);

  const auto copy_path = folder_.path() / "copy.db";
  auto copy = Store::open(copy_path, Store::Access::write);
  ASSERT_TRUE(copy);
  const auto loaded = copy->load(text, "dump.jsonl");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->added, 3u);
  EXPECT_EQ(dump(*copy), text);
  // Once more: all of it is known.
  const auto again = copy->load(text, "dump.jsonl");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->added, 0u);
  EXPECT_EQ(again->known, 3u);
  // A store that has edits gives new ids.
  Store other = *Store::open(folder_.path() / "other.db", Store::Access::write);
  add(other, {sample_edit(7), sample_edit(8), sample_edit(9)});
  ASSERT_TRUE(other.load(text, "dump.jsonl"));
  EXPECT_EQ(other.list()->back().id, 6);
}

TEST_F(StoreTest, ABadDumpIsNamedByLineAndChangesNothing) {
  Store store = open();
  add(store, {sample_edit(0), sample_edit(1)});
  const std::string text = dump(store);
  const std::string line = text.substr(0, text.find('\n') + 1);
  const std::string second = text.substr(line.size());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = second;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  struct Bad {
    std::string line;
    ErrorId id;
    std::string field = {};  // that the error names
  };
  const std::vector<Bad> bad{
      {"nonsense\n", store_errors::line},
      {"[1]\n", store_errors::line},
      {"{}\n", store_errors::line},
      {second.substr(0, second.size() / 2), store_errors::line},
      {with("\"id\":2", "\"id\":0"), store_errors::field, "id"},
      {with("\"id\":2", "\"id\":18446744073709551615"), store_errors::field, "id"},
      {with("\"id\":2", "\"id\":1"), store_errors::order},
      {with("Subject 1", "Subject 2"), store_errors::checksum},
      {with("Greek", "Latin"), store_errors::checksum},
      {with("\"enabled\":true", "\"enabled\":1"), store_errors::field, "enabled"},
      {with("\"block\":1", "\"block\":-1"), store_errors::field, "block"},
      {with("2023-11-14", "2023-13-14"), store_errors::field, "made_at"},
      {with("\"left\":\"", "\"left\":\"*"), store_errors::field, "left"},
      {with("\"right\":\"", "\"right\":\"AAAA"), store_errors::field, "right"},
      {with("\"evidence\":{", "\"evidence\":{\"steps\":\"no\",\"x\":{"), store_errors::line},
      {with("{\"prompt\":\"What does he speak?\"", "{\"prompt\":1"), store_errors::field, "evidence"},
  };
  Store empty = *Store::open(folder_.path() / "empty.db", Store::Access::write);
  for (const auto& [wrong, id, field] : bad) {
    const auto loaded = empty.load(line + wrong, "dump.jsonl");
    ASSERT_FALSE(loaded) << wrong.substr(0, 80);
    EXPECT_EQ(loaded.error().id, id.name) << loaded.error().what << " for " << wrong.substr(0, 80);
    EXPECT_NE(loaded.error().what.find(field), std::string::npos) << loaded.error().what << " for " << field;
    EXPECT_EQ(loaded.error().where, "dump.jsonl:2");
    EXPECT_TRUE(empty.list()->empty());
  }
}

TEST_F(StoreTest, WhatIsNoStoreIsRefusedAndLeftAlone) {
  const auto write = [&](const std::string& text) {
    std::ofstream(path(), std::ios::binary) << text;
    return text;
  };
  for (const std::string& text : {write("no database, but long enough to be read as one") + std::string(),
                                  std::string("SQLite format 3\0", 16) + std::string(2000, 'x')}) {
    write(text);
    const auto opened = Store::open(path(), Store::Access::write);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id, store_errors::not_a_store.name) << opened.error().message();
    std::ifstream file(path(), std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
  }
  std::filesystem::remove(path());
  const auto missing = Store::open(path(), Store::Access::read);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::io);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(StoreTest, DamageIsFoundAndNothingDamagedIsGivenOut) {
  {
    Store store = open();
    add(store, {sample_edit(0), sample_edit(1)});
    EXPECT_EQ(store.check()->size(), 0u);
  }
  // One bit of a vector, as a disk may lose it: SQLite itself does not notice.
  std::string bytes;
  {
    std::ifstream file(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const Edit edit = sample_edit(1);
  const auto* right = reinterpret_cast<const char*>(std::get<RankOneUpdate>(edit.update).right.data());
  const auto at = bytes.find(std::string(right, 16));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] ^= 1;
  std::ofstream(path(), std::ios::binary) << bytes;

  const auto store = Store::open(path(), Store::Access::read);
  ASSERT_TRUE(store);
  const auto wrong = store->check();
  ASSERT_TRUE(wrong);
  ASSERT_EQ(wrong->size(), 1u);
  EXPECT_NE(wrong->front().find("edit 2"), std::string::npos) << wrong->front();
  EXPECT_EQ(store->in_force("base").error().id, store_errors::damaged.name);
  EXPECT_TRUE(store->get(1));
}

}  // namespace
}  // namespace mobiedit
