// mobiedit-lab bench kernels: the matrix products alone, beside the measured peak of the processor.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/common/console.h"
#include "app/lab/bench.h"
#include "lab/bench/bench_text.h"
#include "lab/bench/measure_kernels.h"

namespace mobiedit::cli {
namespace {

struct BenchKernels {
  KernelOptions options;
  bool json = false;
};

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
