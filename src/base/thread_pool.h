// A few workers that share loops. Owned by whoever runs forward passes; never global.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mobiedit {

/// `run` is called by one thread at a time (the owner); the caller works too, so a pool of n has n-1 workers.
/// Pieces are handed out one by one, so a worker that the system preempts holds up only its own piece.
class ThreadPool {
 public:
  /// threads <= 0: one for each processor.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls work(piece, thread) once for each piece in [0, pieces), thread in [0, threads()). Returns when all are done.
  void run(int pieces, const std::function<void(int piece, int thread)>& work);

 private:
  void serve(int thread);
  void take_pieces(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int, int)>* work_ = nullptr;
  int pieces_ = 0;
  int next_ = 0;
  int finished_ = 0;
  int inside_ = 0;
  std::uint64_t generation_ = 0;
  bool stop_ = false;
};

}  // namespace mobiedit
