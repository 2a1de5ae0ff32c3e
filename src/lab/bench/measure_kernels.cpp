#include "lab/bench/measure_kernels.h"

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "kernels/linear.h"
#include "lab/bench/machine.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;
using kernels::ActivationKind;
using kernels::Isa;
using kernels::PackedWeight;
using kernels::WeightKind;

struct Product {
  const char* type;
  WeightKind weights;
  ActivationKind activations;
  bool offsets = false;
};

constexpr Product products[] = {
    {"int8-row", WeightKind::int8_row, ActivationKind::int8_row},
    {"q8_0-g32", WeightKind::int8_g32, ActivationKind::int8_g32},
    {"q4_0-g32", WeightKind::int4_g32, ActivationKind::int8_g32},
    {"q4_k-g32", WeightKind::int4_g32, ActivationKind::int8_g32, true},
    {"q8_0-g32-int16", WeightKind::int8_g32, ActivationKind::int16_g32},
    {"f32", WeightKind::f32, ActivationKind::f32},
};
// The three shapes of the bundled model, and the largest one of Qwen2.5-3B.
constexpr int matrix_shapes[][2] = {{512, 1536}, {1536, 512}, {512, 8192}, {2048, 11008}};
constexpr int batches[] = {1, 8, 45, 64, 256, 1024};

Result<PackedWeight> random_weight(Isa isa, const Product& product, int n, int k, ThreadPool& pool) {
  const WeightKind kind = product.weights;
  if (kind != WeightKind::int4_g32) {
    const auto fill = [](int row, std::span<float> out) { Random(static_cast<std::uint64_t>(row)).fill_normal(out); };
    return PackedWeight::from_floats(isa, kind, n, k, fill, pool);
  }
  const auto fill = [](int row, const PackedWeight::Groups& groups) {
    Random random(static_cast<std::uint64_t>(row));
    for (auto& code : groups.codes) code = static_cast<std::int8_t>(static_cast<int>(random.below(16)) - 8);
    for (auto& scale : groups.scales) scale = 0.01f;
    for (auto& offset : groups.offsets) offset = 0.02f;
  };
  return PackedWeight::from_groups(isa, kind, n, k, product.offsets, fill, pool);
}

Status measure(Isa isa, const Product& product, const MachinePeak& peak, bool quick, ThreadPool& pool, Json& cases) {
  for (const auto& [k, n] : matrix_shapes) {
    const auto weight = random_weight(isa, product, n, k, pool);
    if (!weight) return std::unexpected(weight.error());
    for (const int m : batches) {
      std::vector<float> x(static_cast<std::size_t>(m) * static_cast<std::size_t>(k));
      std::vector<float> y(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
      Random(7).fill_normal(x);
      kernels::Activations activations;
      const double seconds = best_seconds(quick ? 2 : 5, quick ? 0.02 : 0.3, [&] {
        activations.set(isa, x.data(), m, k, static_cast<std::size_t>(k), product.activations, product.offsets, pool);
        kernels::linear(*weight, activations, nullptr, y.data(), static_cast<std::size_t>(n), pool);
      });
      const double gops = 2e-9 * m * n * k / seconds;
      const double most = product.weights == WeightKind::f32 ? peak.f32_gflops : peak.int8_gops;
      Json one{{"type", product.type}, {"K", k}, {"N", n}, {"M", m}, {"gops", gops}};
      one["of_peak"] = most > 0 ? Json(gops / most) : Json();
      one["isa"] = kernels::name(isa);
      cases.push_back(std::move(one));
    }
  }
  return {};
}

}  // namespace

Result<Json> measure_kernels(const KernelOptions& options, const BenchObserver& observer) {
  ThreadPool pool(options.threads);
  Json j{{"schema", "mobiedit.bench.kernels/1"}};
  j["threads"] = pool.threads();
  const Isa best = kernels::best_isa();
  j["isa"] = kernels::name(best);
  const MachinePeak first = measure_peak(best, pool);
  j["peak_int8_gops"] = first.int8_gops;
  j["peak_f32_gflops"] = first.f32_gflops;
  j["read_gbytes_per_second"] = first.read_gbytes;
  Json cases = Json::array();
  for (const Isa isa : {Isa::avx512_vnni, Isa::avx_vnni, Isa::avx2, Isa::neon_dotprod, Isa::portable}) {
    if (!kernels::available(isa) || (isa != best && !options.every_set)) continue;
    const MachinePeak peak = isa == best ? first : measure_peak(isa, pool);
    for (const Product& product : products) {
      observer.say(fmt::format("{}, {}", kernels::name(isa), product.type));
      if (auto s = measure(isa, product, peak, options.quick, pool, cases); !s) return std::unexpected(s.error());
    }
  }
  j["cases"] = std::move(cases);
  return j;
}

}  // namespace mobiedit
