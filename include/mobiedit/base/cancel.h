// Cancellation token: one thread requests, the work on other threads checks it.
#pragma once

#include <atomic>
#include <memory>

namespace mobiedit {

/// Copies share one flag. `request()` may be called from any thread, and from a signal handler
/// (it is one lock-free store). Long work checks `requested()` between forward passes.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void request() const { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool requested() const { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace mobiedit
