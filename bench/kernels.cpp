// How fast the products run here, beside what the processor could do at most. Best of several: the rest is noise of
// other processes.
//
//   bench_kernels [--quick] [--every-set]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"
#include "kernels/linear.h"
#include "kernels/peak.h"

namespace {

using namespace mobiedit;
using namespace mobiedit::kernels;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds of the quickest of many calls, over at least `least` seconds.
template <class Work>
double best_of(double least, const Work& work) {
  double best = 1e30;
  const double begin = seconds_now();
  int times = 0;
  do {
    const double start = seconds_now();
    work();
    best = std::min(best, seconds_now() - start);
  } while (++times < 5 || seconds_now() - begin < least);
  return best;
}

struct Product {
  const char* name;
  WeightKind weights;
  ActivationKind activations;
};

constexpr Product products[] = {
    {"int8, a scale a row", WeightKind::int8_row, ActivationKind::int8_row},
    {"int8 in groups of 32", WeightKind::int8_g32, ActivationKind::int8_g32},
    {"4 bits in groups of 32", WeightKind::int4_g32, ActivationKind::int8_g32},
    {"int8 in groups of 32, activations of 16 bits", WeightKind::int8_g32, ActivationKind::int16_g32},
    {"float", WeightKind::f32, ActivationKind::f32},
};

Result<PackedWeight> random_weight(Isa isa, WeightKind kind, int n, int k, ThreadPool& pool) {
  if (kind != WeightKind::int4_g32) {
    const auto fill = [](int row, std::span<float> out) { Random(static_cast<std::uint64_t>(row)).fill_normal(out); };
    return PackedWeight::from_floats(isa, kind, n, k, fill, pool);
  }
  const auto fill = [](int row, std::span<std::int8_t> codes, std::span<float> scales) {
    Random random(static_cast<std::uint64_t>(row));
    for (auto& code : codes) code = static_cast<std::int8_t>(static_cast<int>(random.below(16)) - 8);
    for (auto& scale : scales) scale = 0.01f;
  };
  return PackedWeight::from_groups(isa, kind, n, k, fill, pool);
}

/// One table: a product, an instruction set, a number of threads.
bool measure(Isa isa, const Product& product, int threads, double least) {
  ThreadPool pool(threads);
  const bool integer = product.weights != WeightKind::f32;
  const auto at_most = integer ? peak_int8 : peak_f32;
  constexpr long rounds = 1000000;
  const double peak_seconds = best_of(least, [&] { pool.run(threads, [&](int, int) { at_most(isa, rounds); }); });
  const double peak = 2e-9 * threads * static_cast<double>(at_most(isa, rounds)) / peak_seconds;
  std::printf("\n%s, %s, %d thread%s: G operations a second, share of the measured peak of %.0f\n%6s %6s",
              std::string(name(isa)).c_str(), product.name, threads, threads > 1 ? "s" : "", peak, "K", "N");
  const int ms[] = {1, 8, 45, 64, 256, 1024};
  for (const int m : ms) std::printf("     M=%-7d", m);
  std::printf("\n");
  const int shapes[][2] = {{512, 1536}, {1536, 512}, {512, 8192}, {2048, 11008}};
  for (const auto& [k, n] : shapes) {
    const auto weight = random_weight(isa, product.weights, n, k, pool);
    if (!weight) {
      std::fprintf(stderr, "%s\n", weight.error().message().c_str());
      return false;
    }
    std::printf("%6d %6d", k, n);
    for (const int m : ms) {
      std::vector<float> x(static_cast<std::size_t>(m) * static_cast<std::size_t>(k));
      std::vector<float> y(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
      Random(7).fill_normal(x);
      Activations activations;
      const double seconds = best_of(least, [&] {
        activations.set(isa, x.data(), m, k, static_cast<std::size_t>(k), product.activations, false, pool);
        linear(*weight, activations, nullptr, y.data(), static_cast<std::size_t>(n), pool);
      });
      const double rate = 2e-9 * m * n * k / seconds;
      std::printf(" %6.1f (%3.0f%%)", rate, 100 * rate / peak);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  double least = 0.3;
  bool every_set = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) least = 0.05;
    if (std::strcmp(argv[i], "--every-set") == 0) every_set = true;
  }
  for (const Isa isa : {Isa::avx512_vnni, Isa::avx_vnni, Isa::avx2, Isa::neon_dotprod}) {
    if (!available(isa) || (isa != best_isa() && !every_set)) continue;
    for (const Product& product : products) {
      for (const int threads : {1, 2}) {
        if (!measure(isa, product, threads, least)) return 1;
      }
    }
  }
}
