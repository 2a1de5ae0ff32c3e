#include "base/thread_pool.h"

#include <chrono>
#include <system_error>
#include <utility>

namespace mobiedit {
namespace {

// Spinning covers the few microseconds between two products of a decode step; a wake-up by the system takes 5 to 50.
constexpr std::chrono::microseconds spin_time{30};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Spins until `done()` and returns true, or gives up after a short while and returns false.
template <class Done>
bool spin_until(const Done& done) {
  if (done()) return true;
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 16; ++i) {
      pause();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  for (int thread = 1; thread < threads; ++thread) {
    try {
      workers_.emplace_back([this, thread] { serve(thread); });
    } catch (const std::system_error&) {
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  call_.fetch_add(1, std::memory_order_release);
  call_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(int pieces, const std::function<void(int, int)>& work) {
  if (pieces > 1 && !workers_.empty()) {
    // A call from within a piece finds the pool busy as well.
    if (!busy_.exchange(true, std::memory_order_acquire)) return share_out(pieces, work);
  }
  std::exception_ptr failure;
  for (int piece = 0; piece < pieces; ++piece) {
    try {
      work(piece, 0);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void ThreadPool::share_out(int pieces, const std::function<void(int, int)>& work) {
  work_ = &work;
  unfinished_.store(pieces, std::memory_order_relaxed);
  offered_.store({0, pieces}, std::memory_order_release);
  call_.fetch_add(1, std::memory_order_release);
  call_.notify_all();
  take_pieces(0);
  const auto all_done = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
  if (!spin_until(all_done)) {
    // A worker lost its processor in the middle of a piece. Sleeping frees this processor for it.
    for (int left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) unfinished_.wait(left);
  }
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (failure) std::rethrow_exception(failure);
}

void ThreadPool::do_piece(const std::function<void(int, int)>& work, int piece, int thread) {
  try {
    work(piece, thread);
  } catch (...) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void ThreadPool::take_pieces(int thread) {
  // A piece that was taken keeps run() from returning, so work_ may be read after the exchange, not before.
  Offer offered = offered_.load(std::memory_order_relaxed);
  while (offered.first < offered.end) {
    const bool front = thread % 2 == 0;
    const Offer left = front ? Offer{offered.first + 1, offered.end} : Offer{offered.first, offered.end - 1};
    if (!offered_.compare_exchange_weak(offered, left, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    do_piece(*work_, front ? offered.first : left.end, thread);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
    offered = offered_.load(std::memory_order_relaxed);
  }
}

void ThreadPool::serve(int thread) {
  std::uint32_t seen = 0;
  for (;;) {
    const auto called = [&] { return call_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(called)) call_.wait(seen, std::memory_order_acquire);
    seen = call_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    take_pieces(thread);
  }
}

}  // namespace mobiedit
