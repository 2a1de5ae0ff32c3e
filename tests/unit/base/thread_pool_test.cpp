#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace mobiedit {
namespace {

TEST(ThreadPool, DoesEachPieceOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.threads(), threads);
    for (const int pieces : {1, 2, 5, 64, 1000}) {
      std::vector<std::atomic<int>> times(static_cast<std::size_t>(pieces));
      std::atomic<int> wrong_thread = 0;
      pool.run(pieces, [&](int piece, int thread) {
        ++times[static_cast<std::size_t>(piece)];
        if (thread < 0 || thread >= threads) ++wrong_thread;
      });
      for (const auto& count : times) EXPECT_EQ(count, 1);
      EXPECT_EQ(wrong_thread, 0);
    }
  }
}

TEST(ThreadPool, HasAThreadForEachProcessorByDefault) {
  EXPECT_EQ(ThreadPool(0).threads(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

TEST(ThreadPool, DoesNothingForNoPieces) {
  ThreadPool pool(2);
  bool called = false;
  pool.run(0, [&](int, int) { called = true; });
  EXPECT_FALSE(called);
}

TEST(ThreadPool, OneThreadRunsInline) {
  ThreadPool pool(1);
  const auto self = std::this_thread::get_id();
  bool same = true;
  pool.run(8, [&](int, int thread) { same = same && std::this_thread::get_id() == self && thread == 0; });
  EXPECT_TRUE(same);
}

// A worker that is late from a call of many pieces must not take the only piece of the next one: nobody waits for it.
TEST(ThreadPool, ASinglePieceStaysWithTheCaller) {
  ThreadPool pool(3);
  const auto self = std::this_thread::get_id();
  for (int call = 0; call < 20000; ++call) {
    pool.run(3, [](int, int) {});
    bool done_here = false;
    pool.run(1, [&](int, int thread) { done_here = thread == 0 && std::this_thread::get_id() == self; });
    ASSERT_TRUE(done_here) << "call " << call;
  }
}

// What a call wrote is seen after it, without any synchronisation by the caller, over many short calls: a worker that
// took a piece of one call with the work of another, or a wake-up that was lost, would show here.
TEST(ThreadPool, ManyShortCallsInARow) {
  ThreadPool pool(3);
  std::vector<int> values(16, 0);
  for (int call = 0; call < 20000; ++call) {
    const int pieces = 1 + call % 16;
    pool.run(pieces, [&values, call](int piece, int) { values[static_cast<std::size_t>(piece)] = call; });
    for (int piece = 0; piece < pieces; ++piece) ASSERT_EQ(values[static_cast<std::size_t>(piece)], call);
  }
}

TEST(ThreadPool, WakesSleepingWorkers) {
  ThreadPool pool(2);
  for (int call = 0; call < 20; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // long enough that workers have gone to sleep
    // Each piece waits for the other: done only if two threads take part.
    std::atomic<int> arrived = 0;
    pool.run(2, [&](int, int) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadPool, PassesOnWhatAPieceThrows) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    std::atomic<int> done = 0;
    EXPECT_THROW(pool.run(10,
                          [&](int piece, int) {
                            if (piece == 3) throw std::runtime_error("no");
                            ++done;
                          }),
                 std::runtime_error);
    EXPECT_EQ(done, 9);
    done = 0;
    pool.run(10, [&](int, int) { ++done; });
    EXPECT_EQ(done, 10);
  }
}

}  // namespace
}  // namespace mobiedit
