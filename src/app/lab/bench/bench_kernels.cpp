// mobiedit-lab bench kernels: the products alone, beside what the processor could do at most.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common/console.h"
#include "app/common/timing.h"
#include "app/lab/bench/bench.h"
#include "app/lab/bench/bench_page.h"
#include "app/lab/bench/machine.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "kernels/linear.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;
using kernels::ActivationKind;
using kernels::Isa;
using kernels::PackedWeight;
using kernels::WeightKind;

struct BenchKernels {
  int threads = 0;
  bool quick = false;
  bool every_set = false;
  bool json = false;
  PageOptions page;
};

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
// The bundled model's three, and the largest of Qwen2.5-3B.
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

std::string kernels_text(const Json& j) {
  std::string text =
      fmt::format("{} threads, {}: peak {:.0f} G operations a second on bytes, {:.0f} in float; memory {:.1f} GB/s\n",
                  j["threads"].dump(), j["isa"].get<std::string>(), j["peak_int8_gops"].get<double>(),
                  j["peak_f32_gflops"].get<double>(), j["read_gbytes_per_second"].get<double>());
  std::string line;
  for (const Json& c : j["cases"]) {
    const std::string head = fmt::format("{:<12} {:<15} K={:<5} N={:<6}", c["isa"].get<std::string>(),
                                         c["type"].get<std::string>(), c["K"].dump(), c["N"].dump());
    if (head != line) text += (line.empty() ? "" : "\n") + head;
    line = head;
    text += fmt::format("  M={} {:.1f}", c["M"].dump(), c["gops"].get<double>());
    if (!c["of_peak"].is_null()) text += fmt::format(" ({:.0f} %)", 100 * c["of_peak"].get<double>());
  }
  return text + "\n";
}

/// Speed against M: a plot for each shape, of the measured peak where there is one.
std::vector<Plot> plots_of(const Json& j) {
  std::vector<Plot> plots;
  const bool shares = j["peak_int8_gops"].get<double>() > 0;
  for (const Json& c : j["cases"]) {
    const std::string shape = fmt::format("{}x{}", c["K"].dump(), c["N"].dump());
    auto plot = std::ranges::find(plots, "k-n-" + shape, &Plot::name);
    if (plot == plots.end())
      plot = plots.insert(plot, {"k-n-" + shape,
                                 fmt::format("K = {}, N = {}: {}", c["K"].dump(), c["N"].dump(),
                                             shares ? "per cent of the measured peak" : "G operations a second"),
                                 "rows M",
                                 true,
                                 false,
                                 {}});
    std::string name = c["type"].get<std::string>();
    if (c["isa"] != j["isa"]) name += ", " + c["isa"].get<std::string>();
    auto curve = std::ranges::find(plot->curves, name, &Curve::name);
    if (curve == plot->curves.end()) curve = plot->curves.insert(curve, {name, {}});
    const Json& share = c["of_peak"];
    if (!shares || !share.is_null())
      curve->points.emplace_back(c["M"].get<double>(), shares ? 100 * share.get<double>() : c["gops"].get<double>());
  }
  return plots;
}

Page kernels_page(const Json& j) {
  Page page{
      "mobiedit-lab bench kernels", {}, {{"type", "K", "N", "M", "G operations a second", "of the peak"}}, {}, {}};
  page.about.push_back(
      fmt::format("{} threads, {}: peak {:.0f} G operations a second on bytes, {:.0f} in float; memory {:.1f} GB/s",
                  j["threads"].dump(), j["isa"].get<std::string>(), j["peak_int8_gops"].get<double>(),
                  j["peak_f32_gflops"].get<double>(), j["read_gbytes_per_second"].get<double>()));
  for (const Json& c : j["cases"])
    page.rows.push_back({c["type"].get<std::string>() + ", " + c["isa"].get<std::string>(), c["K"].dump(),
                         c["N"].dump(), c["M"].dump(), fmt::format("{:.1f}", c["gops"].get<double>()),
                         c["of_peak"].is_null() ? "-" : fmt::format("{:.2f}", c["of_peak"].get<double>())});
  page.drawings = draw(plots_of(j));
  return page;
}

int bench_kernels(const BenchKernels& verb) {
  auto page = PageFile::reserve(verb.page, {});
  if (!page) return failed(page.error());
  ThreadPool pool(verb.threads);
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
    if (!kernels::available(isa) || (isa != best && !verb.every_set)) continue;
    const MachinePeak peak = isa == best ? first : measure_peak(isa, pool);
    for (const Product& product : products) {
      say(fmt::format("{}, {}", kernels::name(isa), product.type));
      if (auto s = measure(isa, product, peak, verb.quick, pool, cases); !s) return failed(s.error());
    }
  }
  j["cases"] = std::move(cases);
  if (auto written = page->write(kernels_page(j), "kernels"); !written) return failed(written.error());
  return finished(verb.json ? print_json(j) : print_result(kernels_text(j)));
}

}  // namespace

void add_bench_kernels(CLI::App& bench, Run& run) {
  auto options = std::make_shared<BenchKernels>();
  CLI::App* verb = bench.add_subcommand("kernels", "The products alone, beside the processor's measured peak");
  verb->add_option("-t,--threads", options->threads, "Threads; 0: one for each processor")
      ->envname("MOBIEDIT_THREADS")
      ->check(CLI::Range(0, 1024));
  verb->add_flag("--quick", options->quick, "Some seconds instead of minutes, and noisier");
  verb->add_flag("--every-set", options->every_set, "Every instruction set that the processor has, not the best alone");
  verb->add_flag("--json", options->json, "Print one JSON document");
  add_page_options(*verb, options->page);
  verb->callback([options, &run] { run = [options] { return bench_kernels(*options); }; });
}

}  // namespace mobiedit::cli
