#include "io/file_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "faulty_file_system.h"
#include "unit/temporary_folder.h"

namespace mobiedit::io {
namespace {

using testing::contents;
using testing::FaultyFileSystem;

TEST(FileLock, KeepsOthersOutAndTellsThemWho) {
  const TemporaryFolder folder;
  const std::string us = "mobiedit edit, process " + std::to_string(::getpid());
  {
    const auto lock = FileLock::acquire(folder / "model.gguf", "mobiedit edit");
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_EQ(contents(folder / "model.gguf.lock"), us + "\n");
    const auto second = FileLock::acquire(folder / "model.gguf", "other");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::locked);
    EXPECT_EQ(second.error().where, (folder / "model.gguf").string());
    EXPECT_NE(second.error().what.find(us), std::string::npos) << second.error().message();
    EXPECT_TRUE(FileLock::acquire(folder / "another.gguf", "other"));
  }
  EXPECT_TRUE(folder.names().empty()) << "the lock's file goes with the lock";
  EXPECT_TRUE(FileLock::acquire(folder / "model.gguf", "other"));
}

TEST(FileLock, ALeftOverFileIsNoObstacle) {
  const TemporaryFolder folder;
  folder.write("model.gguf.lock", "a program that was killed, process 1, and had a long name\n");
  const auto lock = FileLock::acquire(folder / "model.gguf", "us");
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_EQ(contents(folder / "model.gguf.lock"), "us, process " + std::to_string(::getpid()) + "\n");
}

TEST(FileLock, HoldsWhenMoved) {
  const TemporaryFolder folder;
  std::optional<FileLock> outer;
  {
    auto lock = FileLock::acquire(folder / "m", "us");
    ASSERT_TRUE(lock);
    outer.emplace(std::move(*lock));
  }
  EXPECT_EQ(FileLock::acquire(folder / "m", "them").error().code, ErrorCode::locked);
  outer.reset();
  EXPECT_TRUE(FileLock::acquire(folder / "m", "them"));
}

TEST(FileLock, AFileThatWasReplacedMeanwhileIsNotTheLock) {
  const TemporaryFolder folder;
  class Replaces : public FileSystem {  // as if the holder gave up between our opening and our locking
   public:
    explicit Replaces(std::filesystem::path path) : path_(std::move(path)) {}
    int lock(int file) const override {
      if (times_++ == 0) {
        std::filesystem::rename(path_, path_.string() + ".old");
        std::ofstream(path_) << "another's";
      }
      return FileSystem::lock(file);
    }
    mutable int times_ = 0;
    std::filesystem::path path_;
  };
  const Replaces system(folder / "m.lock");
  const auto lock = FileLock::acquire(folder / "m", "us", system);
  ASSERT_TRUE(lock);
  EXPECT_EQ(system.times_, 2);
  EXPECT_EQ(FileLock::acquire(folder / "m", "them").error().code, ErrorCode::locked);
}

TEST(FileLock, WhicheverCallFailsNothingStaysLocked) {
  for (int n = 1;; ++n) {
    const TemporaryFolder folder;
    const FaultyFileSystem system(n, EIO);
    const bool locked = FileLock::acquire(folder / "m", "us", system).has_value();
    if (!system.failed()) break;
    if (system.culprit() != "close" && system.culprit() != "stat") {
      EXPECT_FALSE(locked) << system.culprit();
    }
    EXPECT_TRUE(FileLock::acquire(folder / "m", "them")) << system.culprit();
  }
  EXPECT_EQ(FileLock::acquire("/nowhere/at/all", "us").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace mobiedit::io
