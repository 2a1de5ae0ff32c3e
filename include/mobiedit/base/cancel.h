// A wish to stop, shared between the thread that wishes and the work that looks.
#pragma once

#include <atomic>
#include <memory>

namespace mobiedit {

/// Copies share one flag. `request()` may be called from any thread, and from a signal handler
/// (it is one lock-free store); long work looks at `requested()` between forward passes.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void request() const { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool requested() const { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace mobiedit
