#include "io/file_info.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "faulty_file_system.h"
#include "io/mapped_file.h"
#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

using testing::FaultyFileSystem;

TEST(SameFile, SeesThroughLinks) {
  const TemporaryFolder folder;
  folder.write("a", "x");
  folder.write("b", "x");
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_symlink(folder / "a", folder / "symbolic");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  std::filesystem::create_hard_link(folder / "a", folder / "hard");
  EXPECT_TRUE(same_file(folder / "a", folder / "a").value());
  EXPECT_TRUE(same_file(folder / "a", folder / "symbolic").value());
  EXPECT_TRUE(same_file(folder / "hard", folder / "symbolic").value());
  EXPECT_TRUE(same_file(folder / "sub/../a", folder / "a").value());
  EXPECT_FALSE(same_file(folder / "a", folder / "b").value());
  EXPECT_FALSE(same_file(folder / "a", folder / "absent").value());
  EXPECT_FALSE(same_file(folder / "dangling", folder / "a").value());
  EXPECT_FALSE(same_file(folder / "a/below", folder / "a").value());
}

TEST(SameFile, WhatCannotBeExaminedIsAnError) {
  const TemporaryFolder folder;
  folder.write("a", "x");
  EXPECT_EQ(same_file(folder / "a", folder / "a", FaultyFileSystem(1, EACCES)).error().code, ErrorCode::io);
  EXPECT_EQ(same_file(folder / "a", folder / "a", FaultyFileSystem(2, EACCES)).error().code, ErrorCode::io);
}

TEST(FreeSpace, IsKnownForFilesToBe) {
  const TemporaryFolder folder;
  EXPECT_TRUE(free_space(folder.path()));
  EXPECT_TRUE(free_space(folder / "to-be"));
  EXPECT_TRUE(free_space("to-be"));
  EXPECT_EQ(free_space(folder / "no/folder").error().code, ErrorCode::io);
}

TEST(MappedFile, HasTheBytesOfTheFile) {
  const TemporaryFolder folder;
  const std::string text(10000, 'q');
  const auto file = MappedFile::open(folder.write("a", text));
  ASSERT_TRUE(file);
  ASSERT_EQ(file->bytes().size(), text.size());
  EXPECT_TRUE(std::ranges::equal(file->bytes(), testing::bytes(text)));
  file->release(5000, 5000);
  file->release(20000, 5);
  file->release(5, static_cast<std::size_t>(-1));
  EXPECT_TRUE(std::ranges::equal(file->bytes(), testing::bytes(text)));
  EXPECT_TRUE(MappedFile::open(folder.write("empty", "")).value().bytes().empty());
}

TEST(MappedFile, SaysWhatCannotBeMapped) {
  const TemporaryFolder folder;
  folder.write("a", "x");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto what = [](const Result<MappedFile>& file) { return file ? std::string() : file.error().what; };
  EXPECT_NE(what(MappedFile::open(folder / "absent")).find("No such file"), std::string::npos);
  EXPECT_NE(what(MappedFile::open(folder.path())).find("is a folder"), std::string::npos);
  EXPECT_NE(what(MappedFile::open(folder / "pipe")).find("not a regular file"), std::string::npos);
  for (int n = 1; n <= 3; ++n) {
    const FaultyFileSystem system(n, EIO);
    const auto file = MappedFile::open(folder / "a", system);
    ASSERT_FALSE(file) << n;
    EXPECT_EQ(file.error().code, ErrorCode::io);
    EXPECT_EQ(file.error().where, (folder / "a").string());
  }
}

}  // namespace
}  // namespace mobiedit::io
