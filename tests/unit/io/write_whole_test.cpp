#include "io/write_whole.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "faulty_file_system.h"
#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

using testing::bytes;
using testing::contents;
using testing::FaultyFileSystem;

using Names = std::vector<std::string>;

/// Two pieces, so that a failure can fall between them.
Status write_new(const std::filesystem::path& path, const FileSystem& system) {
  return write_whole(
      path, 8,
      [](PendingFile& file) -> Status {
        if (Status status = file.write(bytes("new ")); !status) return status;
        return file.write(bytes("text"));
      },
      system);
}

TEST(WriteWhole, WritesAndReplaces) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_whole(folder / "a", bytes("first")));
  EXPECT_EQ(contents(folder / "a"), "first");
  ASSERT_TRUE(write_whole(folder / "a", bytes("")));
  EXPECT_EQ(contents(folder / "a"), "");
  ASSERT_TRUE(write_new(folder / "a", FileSystem::real()));
  EXPECT_EQ(contents(folder / "a"), "new text");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(WriteWhole, ManySmallWritesMakeTheSameFile) {
  const TemporaryFolder folder;
  FaultyFileSystem system;
  system.largest_write = 3;
  const std::string text = "longer than three bytes";
  ASSERT_TRUE(write_whole(folder / "a", bytes(text), system));
  EXPECT_EQ(contents(folder / "a"), text);
  EXPECT_GT(std::count(system.calls.begin(), system.calls.end(), "write"), 7);
}

/// One failing call: what must hold after it. Returns whether the call was one of those that fail the write.
bool expect_old_or_new_file(const FaultyFileSystem& system, const Status& status, int n, const TemporaryFolder& folder,
                            const Names& before) {
  const std::string where = "call " + std::to_string(n) + ", " + system.culprit();
  const auto calls = std::span(system.calls).first(static_cast<std::size_t>(n) - 1);
  const bool in_place = std::ranges::count(calls, "rename") > 0;
  // The first question, whether a file without a name can be given one, is: open unnamed, link, close.
  const bool another_way =
      std::ranges::count(calls, "allocate") == 0 &&
      (system.culprit() == "open unnamed" || system.culprit() == "link" || system.culprit() == "close");
  if (in_place || another_way) {
    // Then a temporary with a name does it. Once it is in place, the folder's sync may be told of, and its closing is
    // nobody's concern.
    EXPECT_EQ(contents(folder / "a"), "new text") << where;
    EXPECT_EQ(folder.names(), Names{"a"}) << where;
    EXPECT_EQ(!status, in_place && system.culprit() == "sync") << where;
    if (!status) {
      EXPECT_NE(status.error().what.find("is written and in place"), std::string::npos) << where;
    }
    return false;
  }
  EXPECT_FALSE(status) << where;
  if (status) return false;
  EXPECT_EQ(status.error().code, ErrorCode::io) << where;
  EXPECT_EQ(status.error().where, (folder / "a").string()) << where;
  EXPECT_EQ(folder.names(), before) << where << ": " << status.error().message();
  if (!before.empty()) {
    EXPECT_EQ(contents(folder / "a"), "old text!") << where;
  }
  return true;
}

TEST(WriteWhole, WhicheverCallFailsTheOldFileStaysAndNoTemporary) {
  for (const int error : {EIO, ENOSPC}) {
    for (const bool replacing : {true, false}) {
      for (const bool unnamed : {true, false}) {
        int failures = 0;
        for (int n = 1;; ++n) {
          const TemporaryFolder folder;
          if (replacing) folder.write("a", "old text!");
          FaultyFileSystem system(n, error);
          system.allows_unnamed_files = unnamed;
          const Status status = write_new(folder / "a", system);
          if (!system.failed()) {
            ASSERT_TRUE(status) << status.error().message();
            break;
          }
          failures += expect_old_or_new_file(system, status, n, folder, replacing ? Names{"a"} : Names{});
        }
        // stat, (open or link,) (chmod,) allocate, 2 writes, sync, close, open the folder, rename
        EXPECT_GE(failures, 9) << "the sweep did not reach the calls that it is about";
      }
    }
  }
}

TEST(WriteWhole, InterruptionsAreNoFailures) {
  int interrupted = 0;
  for (int n = 1;; ++n) {
    const TemporaryFolder folder;
    folder.write("a", "old");
    const FaultyFileSystem system(n, EINTR);
    const Status status = write_new(folder / "a", system);
    if (!system.failed()) break;
    // The system never interrupts these.
    if (system.culprit() == "stat" || system.culprit() == "rename") continue;
    ++interrupted;
    EXPECT_TRUE(status) << system.culprit() << ": " << status.error().message();
    EXPECT_EQ(contents(folder / "a"), "new text");
  }
  EXPECT_GE(interrupted, 8);
}

TEST(WriteWhole, ManagesWithoutReservationsAndFolderSyncs) {
  for (const int error : {EOPNOTSUPP, EINVAL, ENOSYS}) {
    for (int n = 1;; ++n) {
      const TemporaryFolder folder;
      const FaultyFileSystem system(n, error);
      const Status status = write_new(folder / "a", system);
      if (!system.failed()) break;
      if (system.culprit() == "allocate") {
        EXPECT_TRUE(status) << status.error().message();
      }
    }
  }
  const TemporaryFolder folder;
  FaultyFileSystem counting;
  ASSERT_TRUE(write_new(folder / "a", counting));
  const auto last_sync = std::find(counting.calls.rbegin(), counting.calls.rend(), "sync");
  const int n = static_cast<int>(std::distance(last_sync, counting.calls.rend()));
  ASSERT_TRUE(write_new(folder / "b", FaultyFileSystem(n, EINVAL)));
}

TEST(WriteWhole, AFullDiskIsToldWithFigures) {
  const TemporaryFolder folder;
  class FullDisk : public FileSystem {
   public:
    int allocate(int, std::uint64_t) const override { return -ENOSPC; }
    int free_bytes(const std::filesystem::path&, std::uint64_t& out) const override {
      out = 3u << 20;
      return 0;
    }
  };
  const Status status = write_whole(folder / "a", 40u << 20, [](PendingFile&) { return Status{}; }, FullDisk{});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::io);
  EXPECT_EQ(status.error().what, "disk full: needs 40 MiB, 3 MiB free");
  EXPECT_TRUE(folder.names().empty());
}

TEST(WriteWhole, TheProducersErrorComesBackAndNothingStays) {
  const TemporaryFolder folder;
  folder.write("a", "old");
  const Status status = write_whole(folder / "a", 100, [&](PendingFile& file) -> Status {
    EXPECT_EQ(folder.names(), Names{"a"}) << "a process that is killed here leaves nothing";
    if (Status written = file.write(bytes("half")); !written) return written;
    return fail(ErrorCode::cancelled, "stopped");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::cancelled);
  EXPECT_EQ(folder.names(), Names{"a"});
  EXPECT_EQ(contents(folder / "a"), "old");
}

TEST(WriteWhole, AnExceptionLeavesNothingEither) {
  const TemporaryFolder folder;
  EXPECT_THROW((void)write_whole(folder / "a", 100, [](PendingFile&) -> Status { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_TRUE(folder.names().empty());
}

TEST(WriteWhole, AShortFileIsNotAccepted) {
  const TemporaryFolder folder;
  folder.write("a", "old");
  const Status status = write_whole(folder / "a", 100, [](PendingFile& file) { return file.write(bytes("few")); });
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("3 bytes were written where 100 were announced"), std::string::npos);
  EXPECT_EQ(contents(folder / "a"), "old");
}

TEST(WriteWhole, RefusesWhatIsNoPlaceForAFile) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  folder.write("file", "");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto message = [&](const std::filesystem::path& path) {
    const Status status = write_whole(path, bytes("x"));
    EXPECT_FALSE(status) << path;
    if (status) return std::string();
    EXPECT_EQ(status.error().code, ErrorCode::io) << path;
    EXPECT_EQ(status.error().where, path.string());
    return status.error().message();
  };
  EXPECT_NE(message(folder / "sub").find("is a folder"), std::string::npos);
  EXPECT_NE(message(folder / "pipe").find("not a regular file"), std::string::npos);
  EXPECT_NE(message(folder / "missing/a").find("the folder " + (folder / "missing").string()), std::string::npos);
  EXPECT_NE(message(folder / "file/a").find("Not a directory"), std::string::npos);
  EXPECT_NE(message(folder / "new/").find("not the name of a file"), std::string::npos);
  EXPECT_NE(message("").find("not the name of a file"), std::string::npos);
  EXPECT_NE(message(folder / std::string(300, 'n')).find("name too long"), std::string::npos);
  EXPECT_EQ(folder.names().size(), 3u);
}

TEST(WriteWhole, AReadOnlyFolderIsNamedAsTheReason) {
  const TemporaryFolder folder;
  class ReadOnly : public FileSystem {  // the mode of a folder does not stop root, who may be running this
   public:
    int open(const std::filesystem::path&, int, mode_t) const override { return -EACCES; }
  };
  const Status status = write_whole(folder / "a", bytes("x"), ReadOnly{});
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message().find("folder cannot be written to"), std::string::npos);
}

TEST(WriteWhole, KeepsPermissionsAndLeavesOthersTemporariesAlone) {
  for (const bool unnamed : {true, false}) {
    const TemporaryFolder folder;
    folder.write("a", "secret");
    ASSERT_EQ(::chmod((folder / "a").c_str(), 0600), 0);
    const std::string taken = ".a." + std::to_string(::getpid()) + ".0.part";
    folder.write(taken, "somebody's");
    FaultyFileSystem system;
    system.allows_unnamed_files = unnamed;
    ASSERT_TRUE(write_whole(folder / "a", bytes("new"), system));
    struct ::stat status{};
    ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    EXPECT_EQ(contents(folder / "a"), "new");
    EXPECT_EQ(contents(folder / taken), "somebody's");
    EXPECT_EQ(folder.names().size(), 2u);
  }
}

TEST(WriteWhole, ReplacesALinkAndNotWhatItLeadsTo) {
  const TemporaryFolder folder;
  folder.write("base", "base");
  std::filesystem::create_symlink(folder / "base", folder / "link");
  ASSERT_TRUE(write_whole(folder / "link", bytes("new")));
  EXPECT_EQ(contents(folder / "base"), "base");
  EXPECT_EQ(contents(folder / "link"), "new");
}

TEST(WriteWhole, WorksWithBareAndLongNames) {
  const TemporaryFolder folder;
  const std::string longest(255, 'n');
  ASSERT_TRUE(write_whole(folder / longest, bytes("x")));
  EXPECT_EQ(contents(folder / longest), "x");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const Status status = write_whole("bare", bytes("y"));
  std::filesystem::current_path(before);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(contents(folder / "bare"), "y");
}

}  // namespace
}  // namespace mobiedit::io
