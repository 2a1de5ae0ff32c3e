#include "io/append_file.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "faulty_file_system.h"
#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

using testing::contents;
using testing::FaultyFileSystem;

TEST(AppendFile, AddsToTheKeptBytes) {
  const TemporaryFolder folder;
  {
    auto file = AppendFile::open(folder / "a", 0);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->add("one\n"));
    ASSERT_TRUE(file->add("tw"));
    EXPECT_EQ(contents(folder / "a"), "one\ntw");  // before the file is closed
  }
  auto file = AppendFile::open(folder / "a", 4);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->add("three\n"));
  EXPECT_EQ(contents(folder / "a"), "one\nthree\n");
}

TEST(AppendFile, PartialWritesAreCompleted) {
  const TemporaryFolder folder;
  FaultyFileSystem system;
  system.largest_write = 3;
  auto file = AppendFile::open(folder / "a", 0, system);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->add("longer than three bytes"));
  EXPECT_EQ(contents(folder / "a"), "longer than three bytes");
}

TEST(AppendFile, FaultsAreErrorsThatNameTheFile) {
  for (int n = 1; n <= 3; ++n) {  // open, truncate, write
    const TemporaryFolder folder;
    FaultyFileSystem system(n);
    auto file = AppendFile::open(folder / "a", 0, system);
    const Status status = file ? file->add("x") : Status(std::unexpected(file.error()));
    ASSERT_FALSE(status) << system.culprit();
    EXPECT_EQ(status.error().code, ErrorCode::io);
    EXPECT_EQ(status.error().where, (folder / "a").string());
  }
}

}  // namespace
}  // namespace mobiedit::io
