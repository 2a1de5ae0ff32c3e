// Counter-based random numbers. The n-th number of a stream depends on (seed, stream, n) alone, so an edit does not
// depend on how threads share its work.
#pragma once

#include <cstdint>
#include <span>

namespace mobiedit {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint32_t bits();
  /// Uniform in (0, 1).
  double uniform();
  /// Uniform in [0, n); n > 0.
  std::uint32_t below(std::uint32_t n);
  /// Standard normal (Box-Muller).
  double normal();
  void fill_normal(std::span<float> out);

 private:
  void refill();

  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t counter_ = 0;
  std::uint32_t block_[4] = {};
  int left_ = 0;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace mobiedit
