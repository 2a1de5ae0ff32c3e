// Stopwatch: the seconds of the quickest of several calls. Slower calls were held up by other processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace mobiedit {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Seconds of the quickest call: at least `fewest`, and more until `least` seconds are over.
template <class Work>
double best_seconds(int fewest, double least, const Work& work) {
  const Stopwatch whole;
  double best = std::numeric_limits<double>::infinity();
  int times = 0;
  do {
    const Stopwatch one;
    work();
    best = std::min(best, one.seconds());
  } while (++times < fewest || whole.seconds() < least);
  return best;
}

}  // namespace mobiedit
