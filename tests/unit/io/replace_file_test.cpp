#include "io/replace_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "faulty_file_system.h"
#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

using testing::contents;
using testing::FaultyFileSystem;

using Names = std::vector<std::string>;

TEST(ReplaceFile, TakesTheNameAndThePermissions) {
  const TemporaryFolder folder;
  folder.write("draft", "new");
  folder.write("a", "old");
  ASSERT_EQ(::chmod((folder / "a").c_str(), 0640), 0);
  ASSERT_TRUE(replace_file(folder / "draft", folder / "a"));
  EXPECT_EQ(folder.names(), Names{"a"});
  EXPECT_EQ(contents(folder / "a"), "new");
  struct ::stat status{};
  ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
  ASSERT_TRUE(replace_file(folder / "a", folder / "b"));
  EXPECT_EQ(folder.names(), Names{"b"});
}

TEST(ReplaceFile, WhicheverCallFailsBothFilesStayOrTheNewOneIsInPlace) {
  int refused = 0;
  for (int n = 1;; ++n) {
    const TemporaryFolder folder;
    folder.write("draft", "new");
    folder.write("a", "old");
    const FaultyFileSystem system(n, EIO);
    const Status status = replace_file(folder / "draft", folder / "a", system);
    if (!system.failed()) {
      EXPECT_TRUE(status);
      break;
    }
    const std::string where = "call " + std::to_string(n) + ", " + system.culprit();
    const bool renamed =
        std::ranges::count(std::span(system.calls).first(static_cast<std::size_t>(n) - 1), "rename") > 0;
    if (system.culprit() == "close") {
      EXPECT_TRUE(status) << where;
      continue;
    }
    ASSERT_FALSE(status) << where;
    EXPECT_EQ(status.error().code, ErrorCode::io) << where;
    EXPECT_EQ(status.error().what.find("is written and in place") != std::string::npos, renamed) << where;
    EXPECT_EQ(contents(folder / "a"), renamed ? "new" : "old") << where;
    EXPECT_EQ(contents(folder / "draft"), renamed ? "" : "new") << where;
    ++refused;
  }
  EXPECT_EQ(refused, 6) << "stat, open and chmod of the draft, open the folder, rename, sync";
}

TEST(ReplaceFile, AFolderThatCannotBeSyncedIsNoFailure) {
  const TemporaryFolder folder;
  folder.write("draft", "new");
  EXPECT_TRUE(rename_durably(folder / "draft", folder / "a", FaultyFileSystem(1, EACCES))) << "it cannot be read";
  EXPECT_TRUE(rename_durably(folder / "a", folder / "b", FaultyFileSystem(3, EINVAL)))
      << "its system has no such thing";
  EXPECT_EQ(contents(folder / "b"), "new");
}

TEST(ReplaceFile, WhatIsNotThereCannotReplace) {
  const TemporaryFolder folder;
  folder.write("a", "old");
  EXPECT_EQ(replace_file(folder / "draft", folder / "a").error().code, ErrorCode::io);
  EXPECT_EQ(replace_file(folder / "draft", folder / "b").error().code, ErrorCode::io);
  EXPECT_EQ(contents(folder / "a"), "old");
  remove_file(folder / "absent");
  remove_file(folder / "a");
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace mobiedit::io
