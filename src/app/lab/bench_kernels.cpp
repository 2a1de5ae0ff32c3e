// mobiedit-lab bench kernels: the matrix products alone, beside the measured peak of the processor.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/common/console.h"
#include "app/lab/bench.h"
#include "lab/bench/measure_kernels.h"

namespace mobiedit::cli {
namespace {

struct BenchKernels {
  KernelOptions options;
  bool json = false;
};

std::string kernels_text(const nlohmann::ordered_json& j) {
  std::string text =
      fmt::format("{} threads, {}: peak {:.0f} G operations a second on bytes, {:.0f} in float; memory {:.1f} GB/s\n",
                  j["threads"].dump(), j["isa"].get<std::string>(), j["peak_int8_gops"].get<double>(),
                  j["peak_f32_gflops"].get<double>(), j["read_gbytes_per_second"].get<double>());
  std::string line;
  for (const nlohmann::ordered_json& c : j["cases"]) {
    const std::string head = fmt::format("{:<12} {:<15} K={:<5} N={:<6}", c["isa"].get<std::string>(),
                                         c["type"].get<std::string>(), c["K"].dump(), c["N"].dump());
    if (head != line) text += (line.empty() ? "" : "\n") + head;
    line = head;
    text += fmt::format("  M={} {:.1f}", c["M"].dump(), c["gops"].get<double>());
    if (!c["of_peak"].is_null()) text += fmt::format(" ({:.0f} %)", 100 * c["of_peak"].get<double>());
  }
  return text + "\n";
}

}  // namespace

void add_bench_kernels(CLI::App& bench, Run& run) {
  auto options = std::make_shared<BenchKernels>();
  CLI::App* verb =
      bench.add_subcommand("kernels", "Time the matrix products, beside the measured peak of the processor");
  add_bench_options(*verb, options->options.threads, options->json);
  verb->add_flag("--quick", options->options.quick, "Take seconds instead of minutes; figures are noisier");
  verb->add_flag("--every-set", options->options.every_set,
                 "Time every instruction set of the processor, not only the best");
  verb->callback([options, &run] {
    run = [options] {
      const auto found = measure_kernels(options->options, bench_observer());
      if (!found) return failed(found.error());
      return finished(options->json ? print_json(*found) : print_result(kernels_text(*found)));
    };
  });
}

}  // namespace mobiedit::cli
