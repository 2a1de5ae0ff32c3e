// Whatever call of a change fails, or if power is lost there: the store is as it was, or as it was to become.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "mobiedit/store/store.h"
#include "unit/store/faulty_vfs.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

std::string dump(const Store& store) {
  std::string text;
  const auto done = store.dump([&](std::string_view line) -> Status {
    text += line;
    return {};
  });
  if (!done) throw std::runtime_error(done.error().message());
  return text;
}

struct Change {
  const char* name;
  std::function<Status(Store&)> make;
};

const std::vector<Change>& changes() {
  static const std::vector<Change> all{
      {"add",
       [](Store& store) -> Status {
         const std::vector<Edit> edits{sample_edit(5), sample_edit(6)};
         const auto ids = store.add(edits);
         return ids ? Status() : std::unexpected(ids.error());
       }},
      {"undo",
       [](Store& store) {
         const std::vector<std::int64_t> ids{1, 3};
         return store.remove(ids);
       }},
      {"disable",
       [](Store& store) {
         const std::vector<std::int64_t> ids{2};
         return store.set_enabled(ids, false);
       }},
  };
  return all;
}

void fill(const std::filesystem::path& path) {
  auto store = Store::open(path, Store::Access::write);
  if (!store) throw std::runtime_error(store.error().message());
  const std::vector<Edit> edits{sample_edit(0), sample_edit(1), sample_edit(2)};
  if (!store->add(edits)) throw std::runtime_error("cannot add");
}

TEST(StoreFaults, EveryCallOfAChangeMayFail) {
  for (const Change& change : changes()) {
    const TemporaryFolder folder;
    const auto good = folder.path() / "good.db";
    fill(good);
    std::string before, after;
    {
      Store store = *Store::open(good, Store::Access::write);
      before = dump(store);
      ASSERT_TRUE(change.make(store));
      after = dump(store);
    }
    ASSERT_NE(before, after);
    for (const bool power_lost : {false, true}) {
      int n = 1;
      for (bool reached = true; reached; ++n) {
        const auto path = folder.path() / (std::to_string(n) + (power_lost ? "-lost.db" : "-failed.db"));
        fill(path);
        bool succeeded = false;
        {
          const FaultyVfs faults(n, power_lost);
          auto store = Store::open(path, Store::Access::write);
          if (store) {
            const auto done = change.make(*store);
            succeeded = done.has_value();
            if (!done) {
              EXPECT_EQ(done.error().code, ErrorCode::io) << done.error().message();
            }
          }
          reached = FaultyVfs::failed();
        }
        auto store = Store::open(path, Store::Access::write);
        ASSERT_TRUE(store) << change.name << " " << n << ": " << store.error().message();
        EXPECT_TRUE(store->check()->empty()) << change.name << " " << n;
        const std::string now = dump(*store);
        EXPECT_TRUE(now == after || (!succeeded && now == before)) << change.name << " " << n;
        ASSERT_LT(n, 200);
      }
      EXPECT_GT(n, 5) << change.name;  // or nothing was put to the test
    }
  }
}

TEST(StoreFaults, AStoreThatCouldNotBeMadeCanBeMadeLater) {
  for (const bool power_lost : {false, true}) {
    const TemporaryFolder folder;
    int n = 1;
    for (bool reached = true; reached; ++n) {
      const auto path = folder.path() / (std::to_string(n) + ".db");
      {
        const FaultyVfs faults(n, power_lost);
        const auto store = Store::open(path, Store::Access::write);
        reached = FaultyVfs::failed();
        EXPECT_TRUE(store || reached);
      }
      auto store = Store::open(path, Store::Access::write);
      ASSERT_TRUE(store) << n << ": " << store.error().message();
      const Edit edit = sample_edit(0);
      EXPECT_TRUE(store->add({&edit, 1})) << n;
      ASSERT_LT(n, 200);
    }
    EXPECT_GT(n, 5);
  }
}

}  // namespace
}  // namespace mobiedit
