#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
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

// The caller sees the writes of a call without any synchronisation of its own, over many short calls. A worker that
// runs one call's piece with another call's work, or a lost wake-up, would show here.
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

// Pieces of one call that share a thread number must not run at once: callers keep scratch by that number.
TEST(ThreadPool, ServesManyCallersAtOnce) {
  ThreadPool pool(3);
  std::atomic<int> wrong = 0;
  const auto caller = [&](int id) {
    for (int call = 0; call < 300; ++call) {
      const int pieces = 1 + (id + call) % 40;
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(pieces));
      std::array<std::atomic<int>, 3> inside{};
      pool.run(pieces, [&](int piece, int thread) {
        if (inside[static_cast<std::size_t>(thread)].fetch_add(1) != 0) ++wrong;
        ++done[static_cast<std::size_t>(piece)];
        inside[static_cast<std::size_t>(thread)].fetch_sub(1);
      });
      for (const auto& count : done)
        if (count != 1) ++wrong;
    }
  };
  std::vector<std::thread> callers;
  for (int id = 0; id < 8; ++id) callers.emplace_back(caller, id);
  for (std::thread& thread : callers) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, GivesEachCallerItsOwnException) {
  ThreadPool pool(2);
  std::atomic<int> wrong = 0;
  const auto caller = [&](int id) {
    for (int call = 0; call < 200; ++call) {
      try {
        pool.run(4, [&](int piece, int) {
          if (id > 0 && piece == 2) throw id;
        });
        if (id > 0) ++wrong;
      } catch (int thrown) {
        if (thrown != id) ++wrong;
      }
    }
  };
  std::vector<std::thread> callers;
  for (int id = 0; id < 4; ++id) callers.emplace_back(caller, id);
  for (std::thread& thread : callers) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, APieceMayCallThePool) {
  ThreadPool pool(3);
  std::atomic<int> inner = 0;
  pool.run(5, [&](int, int) { pool.run(7, [&](int, int) { ++inner; }); });
  EXPECT_EQ(inner, 35);
}

}  // namespace
}  // namespace mobiedit
