#include "io/read_all.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

class ReadAll : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

// More than one buffer of the reader, and bytes that end a C string.
TEST_F(ReadAll, AFileIsReadToItsEnd) {
  std::string text(200'000, 'x');
  text[70'000] = '\0';
  text += "end\n";
  const std::string path = (folder_ / "text").string();
  std::ofstream(path, std::ios::binary) << text;
  const auto read = read_all(path);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_TRUE(*read == text);
}

TEST_F(ReadAll, APipeIsReadUntilItsWriterClosesIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "a\nb", 3), 3);
  ::close(ends[1]);
  const auto read = read_all(ends[0], "a pipe");
  ::close(ends[0]);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, "a\nb");
}

TEST_F(ReadAll, AMissingFileAndAFolderAreErrorsThatNameThem) {
  const std::string missing = (folder_ / "missing").string();
  for (const std::string& path : {missing, folder_.path().string()}) {
    const auto read = read_all(path);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().code, ErrorCode::io);
    EXPECT_EQ(read.error().where, path);
  }
}

}  // namespace
}  // namespace mobiedit::io
