// Budget of a rendering: steps, memory, depth. Also the way in which its failures travel.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "mobiedit/base/result.h"
#include "mobiedit/chat/chat_template.h"
#include "mobiedit/chat/errors.h"

namespace mobiedit::chat {

/// A failure of a template, on its way to the border of the library, where it becomes an Error. Thrown inside this
/// folder alone: an evaluator in which each value is a Result is twice as long.
struct Failure {
  ErrorId id;
  std::string what;
  int line = 0;  ///< 0: the line being evaluated
  std::string hint = {};
};

[[noreturn]] inline void fail_at(int line, std::string what, ErrorId id = errors::syntax) {
  throw Failure{id, std::move(what), line};
}
[[noreturn]] inline void fail_here(std::string what, ErrorId id = errors::evaluation) {
  fail_at(0, std::move(what), id);
}

class Budget {
 public:
  explicit Budget(const ChatLimits& limits) : limits_(limits) {}
  [[nodiscard]] const ChatLimits& limits() const { return limits_; }

  /// Charges one node, or work on `bytes` bytes.
  void step(std::size_t bytes = 0) {
    steps_ += 1 + bytes / 32;
    if (steps_ > limits_.steps)
      fail_here("the template takes more than " + std::to_string(limits_.steps) + " steps", errors::limit);
  }

  /// Charges memory; call it before the memory is taken.
  void take(std::size_t bytes) {
    if (bytes > limits_.memory - memory_)
      fail_here("the template makes values of more than " + std::to_string(limits_.memory) + " bytes", errors::limit);
    memory_ += bytes;
  }

  void enter() {
    if (depth_ >= limits_.depth)
      fail_here("the template goes deeper than " + std::to_string(limits_.depth) + " levels", errors::limit);
    ++depth_;
  }
  void leave() { --depth_; }

 private:
  ChatLimits limits_;
  std::size_t steps_ = 0, memory_ = 0, depth_ = 0;
};

/// Counts one level of depth for as long as it lives.
class Level {
 public:
  explicit Level(Budget& budget) : budget_(budget) { budget_.enter(); }
  ~Level() { budget_.leave(); }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  Budget& budget_;
};

}  // namespace mobiedit::chat
