// Thread pool for loops. Any number of sessions and editors may share one; there is no global pool.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mobiedit {

/// Any thread may call `run`; the caller works too, so a pool of n has n-1 workers. The workers serve one caller at a
/// time: while they do, another caller does its pieces alone, without waiting.
/// Pieces are handed out one by one, so a worker that the system preempts holds up only its own piece. Threads of even
/// number take them from the front, the others from the back. In two similar loops each thread then does about the same
/// part, whose memory is in its cache.
///
/// A forward pass consists of short loops, so an idle thread spins for a moment before it sleeps. Longer spinning would
/// take the processor from a phone's other processes.
class ThreadPool {
 public:
  /// threads <= 0: one for each processor. Where the system grants fewer threads, the pool is smaller.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls work(piece, thread) once for each piece in [0, pieces), thread in [0, threads()). Returns when all are done.
  /// No two pieces of one call run at once with the same `thread`, so that number may select scratch of the caller.
  /// If pieces throw, rethrows the first exception to arrive, after all pieces have run.
  void run(int pieces, const std::function<void(int piece, int thread)>& work);

 private:
  void serve(int thread);
  void take_pieces(int thread);
  void do_piece(const std::function<void(int, int)>& work, int piece, int thread);
  void share_out(int pieces, const std::function<void(int, int)>& work);

  std::vector<std::thread> workers_;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;

  // Written by share_out() before pieces are offered; not touched again before all of them are done.
  const std::function<void(int, int)>* work_ = nullptr;

  // Each on a cache line of its own: `offered_` and `unfinished_` are written by all threads at every piece.
  struct Offer {  // pieces first … end-1, which nobody has taken yet
    int first = 0;
    int end = 0;
  };
  alignas(64) std::atomic<Offer> offered_ = Offer{};
  alignas(64) std::atomic<int> unfinished_ = 0;  // pieces taken or offered, but not done
  alignas(64) std::atomic<std::uint32_t> call_ = 0;
  std::atomic<bool> busy_ = false;  ///< the workers serve a caller
  std::atomic<bool> stop_ = false;
};

}  // namespace mobiedit
