#include "lab/bench/machine.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "base/stopwatch.h"
#include "kernels/aligned_buffer.h"
#include "kernels/peak.h"

namespace mobiedit {
namespace {

template <class Loop>
double gops(ThreadPool& pool, kernels::Isa isa, const Loop& loop) {
  constexpr long rounds = 300'000;
  const double count = 2e-9 * pool.threads() * static_cast<double>(loop(isa, rounds));
  if (count == 0) return 0;
  return count / best_seconds(10, 0.3, [&] { pool.run(pool.threads(), [&](int, int) { loop(isa, rounds); }); });
}

double read_gbytes(ThreadPool& pool) {
  // 64 MiB: larger than most caches, and available everywhere. In huge pages where the system has them, as weights are.
  constexpr std::size_t count = std::size_t{8} << 20;
  kernels::AlignedBuffer memory(count * sizeof(std::uint64_t));
  const std::span words(reinterpret_cast<std::uint64_t*>(memory.data()), count);
  std::ranges::fill(words, std::uint64_t{1});
  constexpr int pieces = 64;
  const std::size_t length = words.size() / pieces;
  std::vector<std::uint64_t> sums(pieces);
  const double seconds = best_seconds(5, 0.2, [&] {
    pool.run(pieces, [&](int piece, int) {
      const std::uint64_t* begin = words.data() + static_cast<std::size_t>(piece) * length;
      // Independent sums: one chain of additions would be slower than memory.
      std::uint64_t s[8] = {};
      for (std::size_t i = 0; i < length; i += 8)
        for (std::size_t j = 0; j < 8; ++j) s[j] += begin[i + j];
      sums[static_cast<std::size_t>(piece)] = std::accumulate(std::begin(s), std::end(s), std::uint64_t{0});
    });
  });
  // The compiler would leave out sums that nobody uses.
  const bool read = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == words.size();
  return read ? 1e-9 * static_cast<double>(words.size_bytes()) / seconds : 0;
}

}  // namespace

MachinePeak measure_peak(kernels::Isa isa, ThreadPool& pool) {
  return {gops(pool, isa, kernels::peak_int8), gops(pool, isa, kernels::peak_f32), read_gbytes(pool)};
}

}  // namespace mobiedit
